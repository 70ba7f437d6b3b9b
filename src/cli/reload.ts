import { readFileSync } from 'node:fs'
import type { ReloadView } from '../admin/api.ts'
import { AdminClient, type AdminTarget } from './admin-client.ts'
import { exitCodes } from './exit-codes.ts'

interface ReloadOptions extends AdminTarget {
  readonly pidFile?: string
}

/** `hedgerow reload` */
export async function reload({ pidFile, ...target }: ReloadOptions): Promise<void> {
  if (pidFile !== undefined) signal(pidFile)
  else if ((await AdminClient.to(target)?.ask<ReloadView>('POST', '/api/reload'))?.applied === true) {
    console.log('the configuration is in force')
  } else process.exitCode ??= exitCodes.runtimeError
}

function signal(pidFile: string): void {
  try {
    const text = readFileSync(pidFile, 'utf8').trim()
    if (!/^[1-9]\d{0,9}$/.test(text))
      throw new Error(`it contains ${JSON.stringify(text.slice(0, 40))}, which is not a process id`)
    process.kill(Number(text), 'SIGHUP')
    console.log(`sent SIGHUP to process ${text}; its log reports the result`)
  } catch (error) {
    console.error(`cannot signal the process of ${pidFile}: ${causeOf(error)}`)
    process.exitCode = exitCodes.runtimeError
  }
}

function causeOf(error: unknown): string {
  const { code, message }: NodeJS.ErrnoException = error instanceof Error ? error : new Error(String(error))
  if (code === 'ESRCH') return 'no process has that id, so the file is stale'
  if (code === 'EPERM') return 'the process belongs to another user'
  return code === 'ENOENT' ? 'no such file' : message
}
