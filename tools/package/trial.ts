import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tryGateway, tryTypes } from './gateway-trial.ts'
import { end, install, run, start } from './installed.ts'

/** Packs, installs the package alone in an empty folder, and runs every command there. */
export async function tryPackage(root: string): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-trial-'))
  try {
    install(root, folder)
    return [
      ...(await problemsOf('backend and load', () => tryLoad(folder))),
      ...(await problemsOf('demo', () => tryDemo(folder))),
      ...(await problemsOf('a gateway', () => tryGateway(folder))),
      ...(await problemsOf('a typed configuration', async () => tryTypes(root, folder))),
    ]
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function problemsOf(what: string, attempt: () => Promise<void>): Promise<readonly string[]> {
  try {
    await attempt()
    return []
  } catch (error) {
    return [`the installed package cannot run ${what}: ${error instanceof Error ? error.message : String(error)}`]
  }
}

async function tryLoad(folder: string): Promise<void> {
  const backend = start(folder, ['backend', 'work-fixed', '--port', '0'])
  try {
    const url = await backend.printed(/ on (http:\/\/[\d.:]+);/)
    await run(folder, ['load', '-c', '2', '-n', '20', '--fail-on-error', '--report', 'report.html', `${url}/api/work`])
    await tryLoadPage(folder, url)
  } finally {
    await end(backend)
  }
}

async function tryLoadPage(folder: string, target: string): Promise<void> {
  const load = start(folder, ['load', '--web', '0', target])
  const url = await load.printed(/ is on (http:\/\/[\d.:]+\/)/)
  const { status } = await fetch(url)
  load.process.kill('SIGINT')
  await load.ended
  if (status !== 200) throw new Error(`the page of load --web answers ${status}`)
}

async function tryDemo(folder: string): Promise<void> {
  const demo = start(folder, ['demo'])
  try {
    const url = await demo.printed(/is on (http:\/\/[\d.:]+)/)
    await demo.printed(/Press Ctrl-C to stop/)
    const { status } = await fetch(`${url}/api/fixed`)
    if (status !== 200) throw new Error(`${url}/api/fixed answers ${status}`)
    const admin = await demo.printed(/(http:\/\/127\.0\.0\.1:\d+)\/\n/)
    const { status: pageStatus } = await fetch(`${admin}/`)
    if (pageStatus !== 200) throw new Error(`the dashboard answers ${pageStatus}`)
  } finally {
    await end(demo)
  }
}
