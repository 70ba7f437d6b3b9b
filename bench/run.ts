/**
 * The cost of Hedgerow beside other proxies: `npm run bench`, `npm run bench -- --help`. Each proxy alone on core 0, in
 * turn, backend and load on core 1. Exit code 1 if a bound of `bounds.ts` does not hold.
 */
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { judge, verdictLine } from './bounds.ts'
import { checkout, thisMachine } from './kit/machine.ts'
import { requireProgram } from './kit/processes.ts'
import { type PeersResult, resultFile, writeResult } from './kit/results.ts'
import { loadCore, Session } from './kit/session.ts'
import { tidyOnSignals } from './kit/stage.ts'
import { allPeers, choosePeers } from './peers/all.ts'
import { fanOut } from './suites/fan-out.ts'
import { flows } from './suites/flows.ts'
import { hedge } from './suites/hedge.ts'
import { memory } from './suites/memory.ts'
import { forward, largeBodies } from './suites/proxies.ts'

interface Suite {
  readonly run: (session: Session) => Promise<void>
  /** Number of contenders, over all cases. */
  readonly size: (peers: number, connections: number) => number
}

const suites: Readonly<Record<string, Suite>> = {
  forward: { run: forward, size: (peers, connections) => peers * connections },
  bodies: { run: largeBodies, size: (peers) => peers * 2 },
  memory: { run: memory, size: () => 2 },
  'fan-out': { run: fanOut, size: () => 4 },
  hedge: { run: hedge, size: () => 2 },
  flows: { run: flows, size: () => 3 },
}

const help = `npm run bench -- [options]

What Hedgerow costs beside nginx, HAProxy, Caddy, @fastify/http-proxy and http-proxy-3, in one run on this machine.

  --quick              one short round of each, about 3 minutes instead of 10
  --only <suites>      of ${Object.keys(suites).join(', ')}
  --peers <names>      only these proxies: ${allPeers.map(({ name }) => name.toLowerCase()).join(', ')}
  --connections <n>    of forward (1,64,512,1500)
  --rounds <n>         after the one that warms up (3, quick: 1)
  --seconds <n>        of each round (3, quick: 2)
  --out <file>         where the figures go as JSON. Without it those of a whole run go to bench/results, and those of
                       a quick one or of a part nowhere
  --help

Example: npm run bench -- --only forward,bodies --peers nginx,hedgerow --connections 64

Exit code: 0 all bounds hold, 1 one does not, 2 bad usage.`

const { values: args } = parsed()
const quick = args.quick === true
const chosen = list(args.only) ?? Object.keys(suites)
const connections = (list(args.connections) ?? ['1', '64', '512', '1500']).map(Number)
const [rounds, seconds] = [Number(args.rounds ?? (quick ? 1 : 3)), Number(args.seconds ?? (quick ? 2 : 3))]
const names = list(args.peers)?.map((name) => name.toLowerCase())
const isWhole = !quick && args.only === undefined && args.peers === undefined && args.connections === undefined

if (args.help === true) {
  console.log(help)
  process.exit(0)
}
checkUsage()
requireProgram('taskset', 'util-linux')
requireProgram('wrk', 'wrk')
// The backend too.
requireProgram('nginx', 'nginx-light')
tidyOnSignals()
// Keep this process, which reads figures meanwhile, off the core of the proxies.
spawnSync('taskset', ['-a', '-cp', String(loadCore), String(process.pid)])
process.exitCode = (await run()) ? 0 : 1

async function run(): Promise<boolean> {
  const { peers, leftOut } = choosePeers(names)
  const expected = chosen.reduce((sum, name) => sum + (suites[name]?.size(peers.length, connections.length) ?? 0), 0)
  const session = new Session({ seconds, warmUpSeconds: quick ? 1 : 2, rounds, peers, connections, expected })
  const machine = thisMachine()
  const { commit, isChanged } = checkout()
  console.log(`${machine.cpu}, ${machine.cores} cores, ${machine.kernel}, Node ${machine.versions['node']}`)
  console.log(`Commit ${commit}${isChanged ? ' with changes' : ''}; medians of ${rounds} rounds of ${seconds} s`)
  console.log(`It takes about ${session.expectedTime()}.\n`)
  if (machine.cores < 2)
    session.leaveOut('a core of its own for each proxy: this machine has one, so the figures are worth little')
  for (const what of leftOut) session.leaveOut(what)
  for (const name of chosen) await suites[name]?.run(session)

  const verdicts = judge(session.cases)
  const date = new Date().toISOString()
  const result: PeersResult = {
    kind: 'peers',
    date,
    commit,
    isChanged,
    machine,
    rounds,
    secondsPerRound: seconds,
    leftOut: session.leftOut,
    verdicts,
    cases: session.cases,
    memory: session.memory,
  }
  for (const one of verdicts) console.log(verdictLine(one))
  for (const what of session.leftOut) console.log(`LEFT OUT       ${what}`)
  const file = args.out ?? (isWhole ? resultFile(result) : undefined)
  if (file !== undefined) {
    writeResult(file, result)
    console.log(
      `\nAll rounds are in ${file}; npm run bench:figures puts the newest of bench/results into the documents.`,
    )
  }
  return verdicts.every(({ holds }) => holds)
}

function parsed() {
  try {
    const text = { type: 'string' } as const
    const flag = { type: 'boolean' } as const
    const options = {
      quick: flag,
      help: flag,
      only: text,
      peers: text,
      connections: text,
      rounds: text,
      seconds: text,
      out: text,
    }
    return parseArgs({ options })
  } catch (error) {
    return refuse((error as Error).message)
  }
}

function checkUsage(): void {
  const strange = chosen.find((name) => !(name in suites))
  if (strange !== undefined) refuse(`--only: no suite ${strange}; there are ${Object.keys(suites).join(', ')}`)
  const known = allPeers.map(({ name }) => name.toLowerCase())
  const unknown = names?.find((name) => !known.includes(name))
  if (unknown !== undefined) refuse(`--peers: no proxy ${unknown}; there are ${known.join(', ')}`)
  const wrong = [...connections, rounds, seconds].find((value) => !(Number.isInteger(value) && value > 0))
  if (wrong !== undefined) refuse(`--connections, --rounds and --seconds take whole numbers from 1`)
}

function refuse(why: string): never {
  console.error(`${why}\nTry npm run bench -- --help`)
  process.exit(2)
}

function list(value: string | undefined): readonly string[] | undefined {
  return value?.split(',').map((one) => one.trim())
}
