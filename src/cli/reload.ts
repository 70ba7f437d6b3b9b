import { readFileSync } from 'node:fs'
import { AdminClient, type AdminTarget } from './admin-client.ts'
import { exitCodes } from './exit-codes.ts'

interface ReloadOptions extends AdminTarget {
  readonly pidFile?: string
}

/** `hedgerow reload` */
export async function reload({ pidFile, ...target }: ReloadOptions): Promise<void> {
  if (pidFile !== undefined) signal(pidFile)
  else if (await AdminClient.to(target)?.ask('POST', '/api/reload')) console.log('the configuration is in force')
}

function signal(pidFile: string): void {
  try {
    const text = readFileSync(pidFile, 'utf8').trim()
    if (!/^[1-9]\d{0,9}$/.test(text))
      throw new Error(`it holds ${JSON.stringify(text.slice(0, 40))}, which is no process id`)
    process.kill(Number(text), 'SIGHUP')
    console.log(`process ${text} was told to read its configuration again; its log says what came of it`)
  } catch (fault) {
    console.error(`the process of ${pidFile} cannot be told: ${fault instanceof Error ? fault.message : String(fault)}`)
    process.exitCode = exitCodes.runtimeFault
  }
}
