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
  } catch (fault) {
    if (fault instanceof ProfileError) return `the profile is invalid:\n  ${fault.reasons.join('\n  ')}`
    if (!(fault instanceof Error)) throw fault
    const { code, port } = fault as NodeJS.ErrnoException & { port?: number }
    if (code === 'EADDRINUSE') {
      process.exitCode = exitCodes.runtimeFault
      return `port ${port} is taken: choose another with --port or --control-port`
    }
    return fault.message
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
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== 'ENOENT') throw fault
    throw new Error(`"${file}" is neither a built-in profile (${known}) nor a file`, { cause: fault })
  }
}

function parseJson(text: string, place: string): never {
  try {
    return JSON.parse(text) as never
  } catch (fault) {
    throw new Error(`${place} is not JSON: ${fault instanceof Error ? fault.message : String(fault)}`, { cause: fault })
  }
}
