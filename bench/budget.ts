/**
 * A partial outage: a third of the answers are 500, another tenth are late, and all routes retry and hedge. Measures
 * the extra load on the upstream and the share of good answers, without and with a budget.
 *
 *   bin/node bench/budget.ts [--seconds 8] [--rate 400]
 *
 * Exit code 1 if the extra load exceeds the budget: its share of the calls plus `min` in flight.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import { type ConfigInput, configSchema } from '../src/config/schema.ts'
import { startGateway } from '../src/gateway/gateway.ts'
import { systemClock } from '../src/kit/clock.ts'
import { seededRandom } from '../src/kit/random.ts'
import { openLoop } from './kit/open-loop.ts'

const { values: args } = parseArgs({
  options: { seconds: { type: 'string', default: '8' }, rate: { type: 'string', default: '400' } },
})
const seconds = Number(args.seconds)
const perSecond = Number(args.rate)
const answerMs = 20
const lateMs = 200

type Budget = NonNullable<NonNullable<ConfigInput['upstreams']>[string]['budget']>

const random = seededRandom(7)
let [asked, inFlight] = [0, 0]
const backend = createServer((request, response) => {
  asked++
  inFlight++
  response.on('close', () => inFlight--)
  const isLate = random() < 0.1
  const status = random() < 1 / 3 ? 500 : 200
  request.resume()
  setTimeout(() => response.writeHead(status).end('x'), isLate ? lateMs : answerMs)
})
await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', 4096, resolve))
const target = `http://127.0.0.1:${(backend.address() as AddressInfo).port}`
let missed = 0

console.log(
  `a third of the answers is 500, a tenth takes ${lateMs} ms, all others ${answerMs} ms; ${perSecond} calls a second`,
)
await run('unlimited')
for (const min of [3, 0]) await run({ share: '20%', min })
backend.close()
backend.closeAllConnections()
process.exitCode = missed === 0 ? 0 : 1

async function run(budget: Budget): Promise<void> {
  const retry = { attempts: 3, budget: '100%', minBudget: 1000 }
  const config = configSchema.parse({
    listen: { port: 0 },
    upstreams: { work: { targets: [target, target.replace('127.0.0.1', 'localhost')], outlier: 'off', budget } },
    routes: [
      { match: 'GET /retried', forward: { upstream: 'work', retry } },
      { match: 'GET /hedged', hedge: { upstream: 'work', after: '60ms', extra: 2, budget: '100%', retry } },
    ],
  } satisfies ConfigInput)
  const reportBug = (error: unknown): void => console.error(error)
  const gateway = await startGateway(config, { clock: systemClock(), random: seededRandom(1), reportBug })
  const url = `http://127.0.0.1:${gateway.address.port}`
  asked = 0
  try {
    const half = { perSecond: perSecond / 2, seconds }
    const samples = (
      await Promise.all(['/retried', '/hedged'].map((path) => openLoop({ url: url + path, ...half })))
    ).flat()
    const good = samples.filter(({ status }) => status === 200).length
    const extra = asked - samples.length
    const share = extra / samples.length
    // Upper limit for `min`: that many in flight all the time, each as short as an answer can be.
    const allowed = typeof budget === 'string' ? Infinity : 0.2 + ((budget.min ?? 3) * 1000) / answerMs / perSecond
    const isMet = share <= allowed
    if (!isMet) missed++
    const name = typeof budget === 'string' ? budget : `${budget.share}, at least ${budget.min} in flight`
    const most = Number.isFinite(allowed) ? `, at most ${(100 * allowed).toFixed(1)} % allowed` : ''
    console.log(
      `${name.padEnd(28)} ${samples.length} calls, ${(100 * share).toFixed(1)} % extra${most}; ${((100 * good) / samples.length).toFixed(1)} % answered well${isMet ? '' : '  MISSED'}`,
    )
  } finally {
    await gateway.close()
  }
}
