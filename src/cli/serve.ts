import { rmSync, writeFileSync } from 'node:fs'
import type { Reloaded } from '../admin/resources/reload.ts'
import type { Config } from '../config/schema.ts'
import { withPossibleWorkers, workerRange } from '../config/workers.ts'
import { descriptorWarning } from '../gateway/descriptor-need.ts'
import type { Gateway } from '../gateway/gateway.ts'
import { countOf } from '../kit/count-of.ts'
import { descriptorLimit } from '../kit/descriptors.ts'
import { exitCodes } from './exit-codes.ts'
import { type Log, type LogSettings, openLog } from './log.ts'
import { readConfig } from './read-config.ts'
import { Reloading } from './reloading.ts'
import { type Signals, signalsOf } from './signals.ts'
import { start, urlOf } from './start.ts'
import { version } from './version.ts'

interface ServeOptions {
  readonly pidFile?: string
  readonly logFile?: string
  readonly pretty?: boolean
  readonly watch?: boolean
}

export async function serve(file: string, { pidFile, logFile, pretty, watch }: ServeOptions): Promise<void> {
  const config = await readConfig(file)
  if (config === undefined) return
  const log = await openLogFile({ file: logFile, pretty, level: config.telemetry.log.level })
  if (log === undefined) return
  const signals = signalsOf(log)
  // An exception in one call must not end the others.
  process.on('uncaughtException', (error) => log.error('uncaught exception', error))
  await run(config, { file, log, signals, pidFile, isWatched: watch === true })
  if (signals.end.aborted) log.info('ended')
  await log.close()
}

interface RunOptions {
  readonly file: string
  readonly log: Log
  readonly signals: Signals
  readonly pidFile: string | undefined
  readonly isWatched: boolean
}

async function run(config: Config, { file, log, signals, pidFile, isWatched }: RunOptions): Promise<void> {
  const { promise: ready, resolve: isReady } = Promise.withResolvers<Reloading>()
  const reload = async (): Promise<Reloaded> => (await ready).reload()
  const gateway = await start(config, file, log, { reload, stop: signals.end })
  if (gateway === undefined) return
  // On every exit, including a second signal.
  if (pidFile !== undefined) process.on('exit', () => rmSync(pidFile, { force: true }))
  if (pidFile !== undefined && !writePid(pidFile, log)) {
    await gateway.close()
    return
  }
  const reloading = new Reloading({
    file,
    log,
    apply: (changed) => gateway.reload(changed),
    refused: () => gateway.reloadRefused(),
  })
  isReady(reloading)
  const stopWatching = isWatched ? reloading.watch() : () => {}
  log.info(welcome(config, gateway))
  const warning = descriptorWarning(config, descriptorLimit())
  if (warning !== undefined) log.warn(warning)
  if (config.routes.length === 0) log.info('no routes are configured: every request gets 404')
  signals.onHangUp(() => void reload())
  await signals.ended
  stopWatching()
  await gateway.drain()
}

function welcome(config: Config, gateway: Gateway): string {
  const admin = gateway.admin === undefined ? 'no admin side' : `admin on ${urlOf(gateway.admin.address)}`
  const range = workerRange(withPossibleWorkers(config).workers)
  const workers = range === undefined ? '' : `${countOf(range.min, 'worker')}, `
  const routes = countOf(config.routes.length, 'route')
  return `hedgerow ${version} on ${urlOf(gateway.address)}, ${workers}${routes}, ${admin}`
}

function writePid(file: string, log: Log): boolean {
  try {
    writeFileSync(file, `${process.pid}\n`)
    return true
  } catch (error) {
    log.error(`the pid file ${file} cannot be written: ${messageOf(error)}`)
    process.exitCode = exitCodes.runtimeError
    return false
  }
}

async function openLogFile(settings: LogSettings): Promise<Log | undefined> {
  try {
    return await openLog(settings)
  } catch (error) {
    console.error(`the log file ${settings.file} cannot be opened: ${messageOf(error)}`)
    process.exitCode = exitCodes.runtimeError
    return undefined
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
