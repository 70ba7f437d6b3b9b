/**
 * The cost of the worst JSON for other clients: 30 connections post 1 MiB of `[1,1,1,...]` to a callback route that
 * puts its URL into the body, without a pause, while 16 use a plain route. One thread; load and gateway each on a core.
 * Exit code 1 unless the plain route keeps 80 % of its rate, as the median of three pairs of runs. Needs an otherwise
 * idle machine, because the posting clients share a core with the measuring ones.
 *
 *   bin/node bench/faults/json.ts [--seconds 5] [--pairs 3]
 */
import { parseArgs } from 'node:util'
import { startBackend } from '../kit/backend.ts'
import { requireProgram } from '../kit/processes.ts'
import { onStage, type Stage, tidyOnSignals } from '../kit/stage.ts'
import { runWrk, type WrkFigures } from '../kit/wrk.ts'
import { startHedgerow } from '../peers/hedgerow.ts'

const { values: args } = parseArgs({
  options: { seconds: { type: 'string', default: '5' }, pairs: { type: 'string', default: '3' } },
})
const seconds = Number(args.seconds)
const pairs = Number(args.pairs)
const gatewayCore = 0
const loadCore = 1
const leastShare = 0.8

requireProgram('wrk', 'wrk')
requireProgram('nginx', 'nginx-light')
tidyOnSignals()
process.exitCode = (await onStage(run)) ? 0 : 1

async function run(stage: Stage): Promise<boolean> {
  const backend = await startBackend(stage, loadCore)
  const { port } = await startHedgerow(stage, {
    cores: gatewayCore,
    targetPorts: [backend.port],
    routes: [
      '{ match: GET /api/work, deadline: 1s, forward: { upstream: work } }',
      // The backend has no such path and answers at once, so nothing waits.
      '{ match: POST /callback, deadline: 5s, callback: { upstream: work, bodyLimit: 2MiB, send: { url: json:/cb } } }',
    ],
  })
  const script = stage.file(
    'post.lua',
    `wrk.method = "POST"
wrk.body = '{"a":[' .. string.rep("1,", 524000) .. '1]}'
wrk.headers["Content-Type"] = "application/json"`,
  )
  const plain = (): Promise<WrkFigures> =>
    runWrk({ url: `http://127.0.0.1:${port}/api/work`, connections: 16, seconds, cores: loadCore })
  const post = (): Promise<WrkFigures> =>
    runWrk({ url: `http://127.0.0.1:${port}/callback`, connections: 30, seconds: seconds + 1, cores: loadCore, script })
  await plain()
  const shares: number[] = []
  for (let pair = 0; pair < pairs; pair++) {
    const alone = await plain()
    const [posts, beside] = await Promise.all([post(), plain()])
    const share = beside.requestsPerSecond / alone.requestsPerSecond
    shares.push(share)
    console.log(
      `plain: ${line(alone)} alone, ${line(beside)} beside ${posts.requests} posts of 1 MiB: ${percent(share)} of the rate, ${beside.failed} failed`,
    )
  }
  const median = shares.toSorted((a, b) => a - b)[Math.floor(shares.length / 2)] ?? 0
  console.log(`kept ${percent(median)} of the rate; needed: ${percent(leastShare)}`)
  return median >= leastShare
}

function line({ requestsPerSecond, p50Ms, p99Ms }: WrkFigures): string {
  return `${Math.round(requestsPerSecond)}/s (p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms)`
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`
}
