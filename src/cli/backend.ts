import { readFileSync } from 'node:fs'
import { ProfileError, type ProfileInput, parseProfile } from '@hedgerow/backend/profile'
import { patchProfile } from '@hedgerow/backend/profile-patch'
import { parseSkipSomeRequests, readyProfiles } from '@hedgerow/backend/profiles'
import { type Backend, startBackend } from '@hedgerow/backend/server'
import { systemClock } from '../kit/clock.ts'
import { seededRandom, systemRandom } from '../kit/random.ts'
import { exitCodes } from './exit-codes.ts'
import { openLog } from './log.ts'
import { signalsOf } from './signals.ts'

interface BackendCommandOptions {
  readonly host: string
  readonly port: number
  readonly controlPort?: number
  readonly name?: string
  readonly seed?: number
  readonly set?: string
}

export async function backend(profileName: string, options: BackendCommandOptions): Promise<void> {
  const log = await openLog({ pretty: true })
  const signals = signalsOf(log)
  const running = await open(profileName, options)
  if (typeof running === 'string') {
    log.error(running)
    await log.close()
    return
  }
  const control = running.control === undefined ? running.url : running.control.url
  log.info(
    `backend ${running.name} (${profileName}) on ${running.url}; PATCH ${control}/_backend changes its behaviour`,
  )
  await signals.ended
  await running.close()
  await log.close()
}

/** Starts the backend, or sets the exit code and returns the error message. */
async function open(profileName: string, options: BackendCommandOptions): Promise<Backend | string> {
  process.exitCode = exitCodes.badUsage
  try {
    const profile = profileOf(profileName, options.set)
    const started = await startBackend({
      profile,
      name: options.name ?? profileName,
      host: options.host,
      port: options.port,
      clock: systemClock(),
      random: options.seed === undefined ? systemRandom : seededRandom(options.seed),
      ...(options.controlPort === undefined ? {} : { control: { port: options.controlPort } }),
    })
    process.exitCode = 0
    return started
  } catch (error) {
    if (error instanceof ProfileError) return `the profile is invalid:\n  ${error.reasons.join('\n  ')}`
    if (!(error instanceof Error)) throw error
    const { code, port } = error as NodeJS.ErrnoException & { port?: number }
    if (code === 'EADDRINUSE') {
      process.exitCode = exitCodes.runtimeError
      return `port ${port} is taken: choose another with --port or --control-port`
    }
    return error.message
  }
}

function profileOf(name: string, change: string | undefined): ProfileInput {
  const profile = readyProfile(name) ?? parseProfile(readJsonFile(name))
  if (change === undefined) return profile
  return patchProfile(parseProfile(profile), parseJson(change, '--set'))
}

function readyProfile(name: string): ProfileInput | undefined {
  if (name === 'accounts') {
    return readyProfiles.accounts({ skipsSome: parseSkipSomeRequests(process.env['SKIP_SOME_REQUESTS']) })
  }
  if (name === 'work' || name === 'work-fixed' || name === 'async') return readyProfiles[name]()
  return undefined
}

function readJsonFile(file: string): unknown {
  const known = Object.keys(readyProfiles).join(', ')
  try {
    return parseJson(readFileSync(file, 'utf8'), file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    throw new Error(`"${file}" is neither a built-in profile (${known}) nor a file`, { cause: error })
  }
}

function parseJson(text: string, place: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(`${place} is not JSON: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}
