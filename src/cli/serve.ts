import { rmSync, writeFileSync } from 'node:fs'
import { workerRange } from '../config/workers.ts'
import type { Gateway } from '../gateway/gateway.ts'
import { countOf } from '../kit/count-of.ts'
import { untilSignalled } from './ending.ts'
import { exitCodes } from './exit-codes.ts'
import { type Log, type LogSettings, openLog } from './log.ts'
import { readConfig } from './read-config.ts'
import { releaseMemory } from './release-memory.ts'
import { Reloading } from './reloading.ts'
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
  // A fault in one call must not end the others.
  process.on('uncaughtException', (fault) => log.error('a fault that nothing caught', fault))
  const reloading = new Reloading({
    file,
    log,
    apply: (changed) => (gateway as Gateway).reload(changed),
    refused: () => (gateway as Gateway).reloadRefused(),
  })
  const gateway = await start(config, file, log, { reload: () => reloading.reload() })
  if (gateway === undefined) {
    await log.close()
    return
  }
  // However it ends, a second signal included.
  if (pidFile !== undefined) process.on('exit', () => rmSync(pidFile, { force: true }))
  if (pidFile !== undefined && !writePid(pidFile, log)) {
    await gateway.close()
    await log.close()
    return
  }
  // Before it is said that it runs: who reads that may signal at once.
  const stopWatching = watch === true ? reloading.watch() : undefined
  const end = (): Promise<void> => {
    stopWatching?.()
    return gateway.drain()
  }
  const ended = untilSignalled(log, end, () => void reloading.reload())
  releaseMemory()
  const admin = gateway.admin === undefined ? 'no admin side' : `admin on ${urlOf(gateway.admin.address)}`
  const range = workerRange(config.workers)
  const workers = range === undefined ? '' : `${countOf(range.min, 'worker')}, `
  const routes = countOf(config.routes.length, 'route')
  log.info(`hedgerow ${version} on ${urlOf(gateway.address)}, ${workers}${routes}, ${admin}`)
  if (config.routes.length === 0) log.info('there are no routes: every request gets 404')
  await ended
  log.info('ended')
  await log.close()
}

function writePid(file: string, log: Log): boolean {
  try {
    writeFileSync(file, `${process.pid}\n`)
    return true
  } catch (fault) {
    log.error(`the pid file ${file} cannot be written: ${messageOf(fault)}`)
    process.exitCode = exitCodes.runtimeFault
    return false
  }
}

async function openLogFile(settings: LogSettings): Promise<Log | undefined> {
  try {
    return await openLog(settings)
  } catch (fault) {
    console.error(`the log file ${settings.file} cannot be opened: ${messageOf(fault)}`)
    process.exitCode = exitCodes.runtimeFault
    return undefined
  }
}

function messageOf(fault: unknown): string {
  return fault instanceof Error ? fault.message : String(fault)
}
