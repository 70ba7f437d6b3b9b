import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { styleText } from 'node:util'
import type { ProfileInput } from '@hedgerow/backend/profile'
import { readyProfiles } from '@hedgerow/backend/profiles'
import { type Backend, startBackend } from '@hedgerow/backend/server'
import type { AdminOptions } from '../config/admin-schema.ts'
import { matchText } from '../config/match.ts'
import type { RouteConfig } from '../config/route-schema.ts'
import { systemClock } from '../kit/clock.ts'
import { systemRandom } from '../kit/random.ts'
import { demoBackends } from './demo-backends.ts'
import { freePortFrom } from './free-port.ts'
import { type Log, openLog } from './log.ts'
import { readConfig } from './read-config.ts'
import { type Signals, signalsOf } from './signals.ts'
import { start, urlOf } from './start.ts'

/** The demo's listeners, each with the environment variable that passes its port to `examples/demo.yaml`. */
const listeners = [
  { variable: 'PORT', what: 'gateway', port: 8080 },
  { variable: 'ADMIN_PORT', what: 'admin', port: 9900 },
  { variable: 'WORK_PORT', what: 'work', port: 9101 },
  { variable: 'WORK2_PORT', what: 'work2', port: 9102 },
  { variable: 'WORK_FIXED_PORT', what: 'work-fixed', port: 1234 },
  { variable: 'SERVER1_PORT', what: 'server1', port: 9111 },
  { variable: 'SERVER2_PORT', what: 'server2', port: 9112 },
  { variable: 'SERVER3_PORT', what: 'server3', port: 9113 },
  { variable: 'ASYNC_PORT', what: 'async', port: 8081 },
] as const

type Variable = (typeof listeners)[number]['variable']

export async function demo(): Promise<void> {
  process.stdout.on('error', () => {})
  const log = await openLog({ pretty: true })
  const signals = signalsOf(log)
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-demo-'))
  await run(folder, log, signals)
  rmSync(folder, { recursive: true, force: true })
  if (signals.end.aborted) log.info('ended')
  await log.close()
}

async function run(folder: string, log: Log, signals: Signals): Promise<void> {
  const file = fileURLToPath(new URL('../../examples/demo.yaml', import.meta.url))
  const ports = await choosePorts()
  const environment = {
    ...Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, String(port)])),
    STORE: join(folder, 'demo.db'),
    KEY_FILE: join(folder, 'demo.key'),
  }
  const config = await readConfig(file, environment)
  if (config === undefined) return
  log.setLevel(config.telemetry.log.level)
  const backends = await startBackends(ports)
  const gateway = await start(config, file, log, { backends: demoBackends(backends), stop: signals.end })
  if (gateway !== undefined) {
    process.on('uncaughtException', (error) => log.error('uncaught exception', error))
    printWelcome(config, urlOf(gateway.address), backends)
    await signals.ended
    await gateway.drain()
    log.info('the demo does not keep its deliveries and tickets; a gateway with a `store` does')
  }
  await Promise.all(backends.map((backend) => backend.close()))
}

/** If a port is taken, prints that and uses the next free one. */
async function choosePorts(): Promise<Readonly<Record<Variable, number>>> {
  const chosen: Partial<Record<Variable, number>> = {}
  const taken = new Set<number>()
  for (const { variable, what, port: wanted } of listeners) {
    const port = await freePortFrom(wanted, taken)
    if (port !== wanted) console.log(styleText('yellow', `port ${wanted} is taken: ${what} uses ${port}`))
    taken.add(port)
    chosen[variable] = port
  }
  return chosen as Record<Variable, number>
}

function startBackends(ports: Readonly<Record<Variable, number>>): Promise<readonly Backend[]> {
  const clock = systemClock()
  const server = (name: string, port: number, profile: ProfileInput) =>
    startBackend({ profile, name, port, clock, random: systemRandom })
  const callbackUrl = `http://localhost:${ports.PORT}/callback.service/method`
  return Promise.all([
    server('work', ports.WORK_PORT, readyProfiles.work()),
    server('work2', ports.WORK2_PORT, readyProfiles.work()),
    server('work-fixed', ports.WORK_FIXED_PORT, readyProfiles['work-fixed']()),
    server('server1', ports.SERVER1_PORT, readyProfiles.accounts({ skipsSome: false })),
    server('server2', ports.SERVER2_PORT, readyProfiles.accounts({ skipsSome: true })),
    server('server3', ports.SERVER3_PORT, readyProfiles.accounts({ skipsSome: false })),
    server('async', ports.ASYNC_PORT, readyProfiles.async({ callbackUrl })),
  ])
}

interface Shown {
  readonly routes: readonly RouteConfig[]
  readonly admin?: AdminOptions | undefined
}

function printWelcome({ routes, admin }: Shown, url: string, backends: readonly Backend[]): void {
  const rows = routes.map((route) => {
    return { match: matchText(route.match), strategy: route.strategy.name, line: curlLine(url, route) }
  })
  const matchWidth = Math.max(...rows.map(({ match }) => match.length))
  const strategyWidth = Math.max(...rows.map(({ strategy }) => strategy.length))
  console.log(`\n${styleText('bold', 'Hedgerow')} is on ${styleText('cyan', url)}; try these in another terminal:\n`)
  for (const { match, strategy, line } of rows) {
    console.log(`  ${match.padEnd(matchWidth)}  ${styleText('green', strategy.padEnd(strategyWidth))}  ${line}`)
  }
  if (admin === undefined) throw new Error('the demo has lost its admin side')
  const adminUrl = `http://127.0.0.1:${admin.port}`
  console.log(`\n  ${styleText('bold', 'Watch it, and break its backends:')}  ${styleText('cyan', `${adminUrl}/`)}`)
  console.log(
    '\nOr from a terminal: slow a backend down and see the other rescue its calls; stop one, write, list the pending deliveries, start it again:\n',
  )
  const slow = '{"endpoints":{"GET /api/work":{"latency":{"kind":"fixed","ms":900}}}}'
  console.log(`  curl -X PATCH ${adminUrl}/api/backends/work -d '${slow}'`)
  console.log(`  bin/hedgerow load -c 50 --duration 10s '${url}/api/smart?timeout={500..1000}'`)
  const atAdmin = admin.port === 9900 ? '' : ` --admin ${adminUrl}`
  console.log(`  curl -X PATCH ${adminUrl}/api/backends/server2 -d '{"refuse":true}'`)
  console.log(`  curl -d 'username=bob&password=x' '${url}/register'`)
  console.log(`  bin/hedgerow deliveries list --state pending${atAdmin}`)
  console.log(`  curl -X PATCH ${adminUrl}/api/backends/server2 -d '{"refuse":false}'`)
  console.log('\nThe backends:\n')
  for (const { name, url: backendUrl } of backends) console.log(`  ${name.padEnd(11)} ${backendUrl}`)
  console.log('\nPress Ctrl-C to stop.\n')
}

function curlLine(url: string, route: RouteConfig): string {
  const { from } = route.deadline
  const query = from !== undefined && 'query' in from ? `?${from.query}=1000` : ''
  const form = route.strategy.name !== 'broadcast' ? '' : "-d 'username=bob&password=x' "
  return `curl ${route.explain ? '-i ' : ''}${form}'${url}${route.match.path}${query}'`
}
