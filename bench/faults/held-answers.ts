/**
 * Memory of the gateway when clients do not read the answers held for them: 60 connections ask for four answers of 9 MB
 * each (`all: { calls: 4 }`, 2.1 GB together) and read nothing. Exit code 1 unless resident memory stays below its idle
 * size plus three times `memory.held`, a client of a streaming route is served meanwhile, and all memory is released
 * once the clients have gone.
 *
 *   bin/node bench/faults/held-answers.ts [--held 256MiB] [--workers 1]
 *
 * Without the bound, resident memory was 3.0 GB.
 */
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { parseSizeBytes } from '../../src/kit/units.ts'
import { startBackend } from '../kit/backend.ts'
import { requireProgram } from '../kit/processes.ts'
import { onStage, type Stage, tidyOnSignals } from '../kit/stage.ts'
import { startHedgerow } from '../peers/hedgerow.ts'

const { values: args } = parseArgs({
  options: { held: { type: 'string', default: '256MiB' }, workers: { type: 'string', default: '1' } },
})
const heldMiB = (parseSizeBytes(args.held) ?? Number.NaN) / 2 ** 20
const connections = 60
const answerBytes = 9_000_000
const seconds = 12
/** Bodies exist twice while they are assembled, and garbage is collected later. */
const allowedFactor = 3

requireProgram('nginx', 'nginx-light')
tidyOnSignals()
process.exitCode = (await onStage(run)) ? 0 : 1

async function run(stage: Stage): Promise<boolean> {
  const backend = await startBackend(stage, 1)
  stage.file(`bodies/${answerBytes}`, `"${'x'.repeat(answerBytes - 2)}"`)
  const { port } = await startHedgerow(stage, {
    cores: 0,
    targetPorts: [backend.port],
    sections: [`memory: { held: ${args.held} }`, `workers: ${args.workers}`, 'metrics: { path: /metrics }'],
    routes: [
      '{ match: GET /bodies/*, deadline: 30s, all: { upstream: work, calls: 4 } }',
      '{ match: GET /api/work, forward: { upstream: work } }',
    ],
  })
  const url = `http://127.0.0.1:${port}`
  const alone = (await gauges(url)).resident
  const lazy = Array.from({ length: connections }, () => asking(port))
  let most = alone
  let mostHeld = 0
  let failed = 0
  for (const endMs = performance.now() + seconds * 1000; performance.now() < endMs; await sleep(100)) {
    const { resident, held } = await gauges(url)
    most = Math.max(most, resident)
    mostHeld = Math.max(mostHeld, held)
    if ((await fetch(`${url}/api/work`)).status !== 200) failed++
  }
  for (const socket of lazy) socket.destroy()
  await sleep(1000)
  const left = (await gauges(url)).held
  const allowed = alone + allowedFactor * heldMiB
  console.log(`resident: ${most.toFixed(0)} MiB at most, ${alone.toFixed(0)} alone; allowed: ${allowed.toFixed(0)}`)
  console.log(`held: ${mostHeld.toFixed(0)} MiB at most, ${left.toFixed(1)} at the end; allowed: ${heldMiB.toFixed(0)}`)
  console.log(`calls of the client that reads, failed: ${failed}`)
  return most <= allowed && left === 0 && failed === 0
}

/** Sends a request and reads nothing. */
function asking(port: number): Socket {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(`GET /bodies/${answerBytes} HTTP/1.1\r\nHost: front\r\n\r\n`)
  socket.pause()
  return socket
}

interface Gauges {
  readonly resident: number
  readonly held: number
}

/** MiB. */
async function gauges(url: string): Promise<Gauges> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const mib = (series: string): number => Number(text.split(`\n${series} `)[1]?.split('\n')[0]) / 2 ** 20
  return {
    resident: mib('hedgerow_process_memory_bytes{part="resident"}'),
    held: mib('hedgerow_held_bytes'),
  }
}
