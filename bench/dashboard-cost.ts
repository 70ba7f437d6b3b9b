import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Browser, chromium } from 'playwright-core'
import { buildWeb, isWebOlder } from '../tools/build-web.ts'
import { openLoop } from './kit/open-loop.ts'
import { cpuMicroseconds } from './kit/process-cpu.ts'
import { listening, start, startPinned, stopAll } from './kit/processes.ts'
import { median } from './kit/statistics.ts'

/**
 * The cost of an open dashboard for the gateway: CPU at a fixed 2,000 calls a second, alternating between no reader and
 * a reader of the page's data (the overview once, then the stream of figures). The limit is 5 % more. The gateway has
 * core 0 to itself, the load core 1. The browser is measured separately, without calls: on two cores it would share one
 * with the load and change the bunching of calls, which moves their cost by 10 % and more whatever the page shows.
 */
const perSecond = 2_000
const seconds = Number(process.argv[2] ?? 8)
const rounds = Number(process.argv[3] ?? 6)
const [front, admin, backend] = [18_141, 18_142, 18_143]
const dashboard = `http://127.0.0.1:${admin}/`
const root = join(import.meta.dirname, '..')

async function main(): Promise<void> {
  if (isWebOlder()) await buildWeb()
  spawnSync('taskset', ['-a', '-cp', '1', String(process.pid)])
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-bench-'))
  try {
    const gateway = await startGateway(folder)
    // Runs are cheaper until the code is compiled.
    for (let run = 0; run < 3; run++) await cpuPerCall(gateway)
    const closed: number[] = []
    const open: number[] = []
    for (let round = 1; round <= rounds; round++) {
      const alone = async (): Promise<unknown> => closed.push(await cpuPerCall(gateway))
      const watched = async (): Promise<unknown> => open.push(await withReader(() => cpuPerCall(gateway)))
      // Alternate which variant runs first, so that drift is not counted as cost.
      for (const measure of round % 2 === 1 ? [alone, watched] : [watched, alone]) await measure()
      const [without, withIt] = [closed, open].map((runs) => `${runs.at(-1)?.toFixed(1)} us`)
      console.log(`round ${round}: ${without} of CPU for a call without, ${withIt} with the dashboard`)
    }
    const ratio = median(open.map((cpu, i) => cpu / (closed[i] as number)))
    console.log(
      `an open dashboard costs ${((ratio - 1) * 100).toFixed(1)} % more CPU (median), at most 5 % are allowed`,
    )
    await tellIdle(gateway)
    if (ratio > 1.05) process.exitCode = 1
  } finally {
    await stopAll()
    rmSync(folder, { recursive: true })
  }
}

async function startGateway(folder: string): Promise<number> {
  const file = join(folder, 'hedgerow.yaml')
  writeFileSync(
    file,
    `listen: { port: ${front} }
admin: { port: ${admin} }
upstreams: { fixed: { targets: { fixed: "http://127.0.0.1:${backend}" } } }
routes: [{ match: GET /api/fixed, forward: { upstream: fixed, path: /api/work } }]
`,
  )
  const program = join(root, 'bin/hedgerow')
  start(program, ['backend', 'work-fixed', '--port', String(backend)])
  const gateway = startPinned(0, program, ['serve', file])
  await Promise.all([front, admin, backend].map((port) => listening(port)))
  return gateway.pid as number
}

/** Microseconds of CPU per call. */
async function cpuPerCall(pid: number): Promise<number> {
  const before = cpuMicroseconds(pid)
  const samples = await openLoop({ url: `http://127.0.0.1:${front}/api/fixed`, perSecond, seconds })
  const used = (cpuMicroseconds(pid) - before) / samples.length
  const failed = samples.filter(({ status }) => status !== 200).length
  if (failed > 0) throw new Error(`${failed} calls failed`)
  return used
}

async function tellIdle(gateway: number): Promise<void> {
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  })
  try {
    const idle = await withPage(browser, undefined, () => cpuPerSecond(gateway))
    const watchedIdle = await withPage(browser, dashboard, () => cpuPerSecond(gateway))
    console.log(`without calls: ${idle.toFixed(1)} ms of CPU a second, ${watchedIdle.toFixed(1)} with the dashboard`)
  } finally {
    await browser.close()
  }
}

/** Milliseconds of CPU without calls. */
async function cpuPerSecond(pid: number): Promise<number> {
  const before = cpuMicroseconds(pid)
  await sleep(seconds * 1000)
  return (cpuMicroseconds(pid) - before) / seconds / 1000
}

/** Fetches the overview, as the page does. */
async function withReader<T>(measure: () => Promise<T>): Promise<T> {
  await (await fetch(`${dashboard}api/overview`)).arrayBuffer()
  const leaving = new AbortController()
  const stream = await fetch(`${dashboard}api/live`, { signal: leaving.signal })
  const reading = (async () => {
    for await (const _ of stream.body ?? []);
  })().catch(() => {})
  try {
    return await measure()
  } finally {
    leaving.abort()
    await reading
  }
}

async function withPage<T>(browser: Browser, url: string | undefined, measure: () => Promise<T>): Promise<T> {
  const page = await browser.newPage()
  try {
    await page.goto(url ?? 'about:blank')
    if (url !== undefined) await page.locator('.tile').first().waitFor()
    await sleep(500)
    return await measure()
  } finally {
    await page.close()
  }
}

await main()
