/**
 * The cost of telemetry for plain `forward`: CPU per request with all telemetry off, with metrics, recorder and access
 * log on, and with one call in a hundred traced as well (to a collector that does not exist), in one run. Exit code 1
 * unless the bounds hold: 20 % more, and 3 % above that. (With the dashboard open: `dashboard-cost.ts`.)
 *
 *   bin/node bench/telemetry.ts [--seconds 5] [--rounds 5] [--connections 64]
 */
import { parseArgs } from 'node:util'
import { forwardCpu } from './kit/forward-cpu.ts'

const { values: args } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '64' },
  },
})
const bounds = { watched: 1.2, traced: 1.03 }

const log = 'log: { access: true }'
const traces = 'traces: { exporter: zipkin, url: "http://127.0.0.1:9/api/v2/spans", sample: 1% }'

process.exitCode = (await variants()) ? 0 : 1

async function variants(): Promise<boolean> {
  const load = { connections: Number(args.connections), seconds: Number(args.seconds), rounds: Number(args.rounds) }
  const logFile = ['--log-file', 'FOLDER/access.log']
  const measured = await forwardCpu(
    [
      { name: 'all off' },
      { name: 'metrics, recorder, log', sections: ['admin: { port: 0 }', `telemetry: { ${log} }`], args: logFile },
      {
        name: 'and 1 % traced',
        sections: ['admin: { port: 0 }', `telemetry: { ${log}, ${traces} }`],
        args: ['--log-file', 'FOLDER/traced.log'],
      },
    ],
    load,
  )
  console.log(`forward, ${load.connections} connections, medians of ${load.rounds} rounds of ${load.seconds} s`)
  for (const { name, cpuUs, ratio, requestsPerSecond } of measured) {
    const rate = Math.round(requestsPerSecond)
    console.log(`${name.padEnd(24)} ${cpuUs.toFixed(1)} us CPU/request  ${ratio.toFixed(3)}  ${rate} requests/s`)
  }
  const [, on, traced] = measured.map(({ ratio }) => ratio) as [number, number, number]
  console.log(
    `on against off: ${on.toFixed(3)} (allowed ${bounds.watched}); traced against that: ${(traced / on).toFixed(3)} (allowed ${bounds.traced})`,
  )
  return on <= bounds.watched && traced / on <= bounds.traced
}
