/**
 * The cost of a callback that comes in at another worker than its call: CPU of a gateway with two workers per call,
 * with every callback forced to the call's own worker, to the other worker, and (`repeat`) to the other worker for a
 * call that has been answered, which leaves nothing but the callback. This checkout and an earlier one take turns.
 *
 *   bin/node bench/callback-elsewhere.ts --before PATH [--seconds 3] [--rounds 7] [--lanes 16]
 *
 * The gateways run on core 0; the load and the backend are this process, on core 1.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Client } from './kit/client.ts'
import { asText, times, us } from './kit/format.ts'
import { cpuMicroseconds } from './kit/process-cpu.ts'
import { listening, startPinned, stopAll } from './kit/processes.ts'
import { median } from './kit/statistics.ts'

const { values: args } = parseArgs({
  options: {
    before: { type: 'string' },
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '7' },
    lanes: { type: 'string', default: '16' },
  },
})

type Kind = 'own' | 'elsewhere' | 'repeat'
const kinds: readonly Kind[] = ['own', 'elsewhere', 'repeat']

/** A client's connection at one worker, and the connections by which its callbacks come in. */
interface Lane {
  readonly number: number
  readonly client: Client
  readonly own: Client
  readonly other: Client
  /** Path of the callback of its first call, which has been answered. */
  readonly repeated: string
}

interface Side {
  readonly name: string
  readonly pid: number
  readonly lanes: readonly Lane[]
  readonly cpuUs: Readonly<Record<Kind, number[]>>
}

const root = join(import.meta.dirname, '..')
const work = mkdtempSync(join(tmpdir(), 'hedgerow-elsewhere-'))
const backendPort = 18_131
const result = '{"result":"done"}'
/** By lane: takes the callback's path when the backend is asked. */
const asked = new Map<number, (path: string) => void>()

process.exitCode = 1
try {
  await run()
  process.exitCode = 0
} finally {
  await stopAll()
  rmSync(work, { recursive: true })
}

async function run(): Promise<void> {
  spawnSync('taskset', ['-cp', '1', String(process.pid)])
  const server = createServer(serveBackend).listen(backendPort, '127.0.0.1')
  const folders = args.before === undefined ? [root] : [root, resolve(args.before)]
  const sides: Side[] = []
  for (const [index, folder] of folders.entries()) {
    sides.push(await startSide(index === 0 ? 'here' : 'before', folder, 18_132 + index, 1000 * index))
  }
  for (let round = 0; round <= Number(args.rounds); round++) {
    for (const kind of kinds) {
      for (const side of sides) {
        const cpuUs = await measure(side, kind)
        // The first round warms up.
        if (round > 0) side.cpuUs[kind].push(cpuUs)
      }
    }
  }
  report(sides)
  server.close()
  for (const { lanes } of sides)
    for (const { client, own, other } of lanes) for (const one of [client, own, other]) one.close()
}

async function startSide(name: string, folder: string, port: number, firstLane: number): Promise<Side> {
  const file = join(work, `${name}.yaml`)
  writeFileSync(
    file,
    `listen: { port: ${port} }
workers: 2
callbacks: { url: http://127.0.0.1:${port} }
upstreams: { work: { targets: [http://127.0.0.1:${backendPort}] } }
routes:
  - match: GET /work/*
    callback: { upstream: work, receive: { path: /callback } }
`,
  )
  const gateway = startPinned(0, join(folder, 'bin/hedgerow'), ['serve', file])
  await listening(port, undefined, 60)
  // The second worker begins to listen after the first.
  await sleep(3000)
  return {
    name,
    pid: gateway.pid as number,
    lanes: await openLanes(port, firstLane),
    cpuUs: { own: [], elsewhere: [], repeat: [] },
  }
}

/** The kernel chooses the worker of a connection; the token of a call names it. */
async function openLanes(port: number, firstLane: number): Promise<readonly Lane[]> {
  const byRun = new Map<number, { readonly client: Client; readonly path: string }[]>()
  const count = Number(args.lanes)
  for (let tries = 0; tries < 20 * count; tries++) {
    const client = await Client.connected(port)
    const path = await call(client, firstLane, client)
    const found = byRun.get(runOf(path)) ?? []
    byRun.set(runOf(path), [...found, { client, path }])
    const [some, others] = [...byRun.values()]
    if (byRun.size < 2 || some === undefined || others === undefined) continue
    if (some.length < 2 * count || others.length < count) continue
    return Array.from({ length: count }, (_, index): Lane => {
      const [mine, own, other] = [some[index], some[count + index], others[index]]
      if (mine === undefined || own === undefined || other === undefined) throw new Error('too few connections')
      return {
        number: firstLane + index,
        client: mine.client,
        own: own.client,
        other: other.client,
        repeated: mine.path,
      }
    })
  }
  throw new Error(`${byRun.size} workers took connections, or too unevenly`)
}

/** One call whose callback is posted by `poster`; returns the callback's path. */
async function call(client: Client, lane: number, poster: Client | undefined): Promise<string> {
  const { promise, resolve: take } = Promise.withResolvers<string>()
  asked.set(lane, take)
  const answered = client.ask(`/work/${lane}`)
  const path = await promise
  // A connection answers in order, so a call's own connection cannot bring its callback.
  const using = poster === client ? await Client.connected(Number(portOf(path))) : poster
  const posted = await using?.post(pathOf(path), result)
  const { status, body } = await answered
  if (posted?.status !== 200 || status !== 200 || body !== result) throw new Error(`${status} ${body}`)
  if (poster === client) using?.close()
  return path
}

async function measure({ pid, lanes }: Side, kind: Kind): Promise<number> {
  const untilMs = performance.now() + Number(args.seconds) * 1000
  const before = cpuMicroseconds(pid)
  let count = 0
  await Promise.all(
    lanes.map(async (lane) => {
      for (; performance.now() < untilMs; count++) {
        if (kind !== 'repeat') await call(lane.client, lane.number, kind === 'own' ? lane.own : lane.other)
        else if ((await lane.other.post(pathOf(lane.repeated), result)).status !== 200) throw new Error('not taken')
      }
    }),
  )
  return (cpuMicroseconds(pid) - before) / count
}

function report(sides: readonly Side[]): void {
  const rows = kinds.map((kind) => rowOf(kind, sides, ({ cpuUs }, round) => cpuUs[kind][round] ?? Number.NaN))
  const extra = ({ cpuUs }: Side, round: number): number =>
    (cpuUs.elsewhere[round] ?? Number.NaN) - (cpuUs.own[round] ?? Number.NaN)
  rows.push(rowOf('elsewhere - own', sides, extra))
  const head = ['CPU per call', ...sides.map(({ name }) => name), ...(sides.length > 1 ? ['here / before'] : [])]
  console.log(asText({ head, rows }))
  console.log(`medians of ${args.rounds} rounds of ${args.seconds} s, ${args.lanes} calls at once`)
}

/** The medians, and the median of the ratios within each round. */
function rowOf(name: string, sides: readonly Side[], value: (side: Side, round: number) => number): readonly string[] {
  const rounds = Array.from({ length: Number(args.rounds) }, (_, round) => round)
  const medians = sides.map((side) => us(median(rounds.map((round) => value(side, round)))))
  const [here, before] = sides
  if (here === undefined || before === undefined) return [name, ...medians]
  return [name, ...medians, times(median(rounds.map((round) => value(here, round) / value(before, round))))]
}

function serveBackend(socket: Socket): void {
  socket.setNoDelay(true)
  let text = ''
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
    for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
      const head = text.slice(0, end + 2)
      text = text.slice(end + 4)
      socket.write('HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n')
      const lane = Number(/^GET \/work\/(\d+)/.exec(head)?.[1])
      asked.get(lane)?.(/^x-callback-url: (\S+)\r$/im.exec(head)?.[1] ?? '')
    }
  })
}

function portOf(url: string): string {
  return new URL(url).port
}

function pathOf(url: string): string {
  return url.slice(url.indexOf('/', 'http://'.length))
}

/** The run that made the token: bytes 8 to 11 of its head. */
function runOf(url: string): number {
  return Buffer.from(new URL(url).searchParams.get('callback') ?? '', 'base64url').readUInt32BE(8)
}
