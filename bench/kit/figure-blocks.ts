import { limitText, measuredText } from '../bounds.ts'
import type { Makers } from './blocks.ts'
import { asMarkdown, mib, ms, share, us, whole } from './format.ts'
import { type Figures, medianOf, type Round } from './measure.ts'
import type { PeersResult, Verdict, WorkersResult } from './results.ts'
import { othersShare, quietShare, tableOf } from './tables.ts'
import { scalingTable, workersTable } from './workers-tables.ts'

export interface Results {
  readonly peers?: PeersResult
  readonly workers?: WorkersResult
}

/** The generated blocks of the documents, by name. */
export function figureBlocks({ peers, workers }: Results): Makers {
  const ofPeers = (make: (result: PeersResult) => string) => () => (peers ? make(peers) : absent('bench'))
  const ofWorkers = (make: (result: WorkersResult) => string) => () =>
    workers ? make(workers) : absent('bench:workers')
  return {
    machine: ofPeers(machine),
    forward: ofPeers((result) =>
      suite(result, 'forward', '64 connections', [...cost, ['requests/s', 'rate'], ['p99', 'p99']]),
    ),
    'connections-cpu': ofPeers((result) => byConnections(result, ({ cpuUs }) => cpuUs, us)),
    'connections-p99': ofPeers((result) => byConnections(result, ({ p99Ms }) => p99Ms, ms)),
    'connections-memory': ofPeers((result) => byConnections(result, ({ residentMiB }) => residentMiB.peak, mib)),
    'bodies-10k': ofPeers((result) => suite(result, 'bodies', '10 KiB', large)),
    'bodies-1m': ofPeers((result) => suite(result, 'bodies', '1 MiB', large)),
    memory: ofPeers(memory),
    'all-of-2': ofPeers((result) => suite(result, 'fan-out', 'all of 2', small)),
    'all-of-3': ofPeers((result) => suite(result, 'fan-out', 'all of 3', small)),
    hedge: ofPeers((result) => suite(result, 'hedge', 'on a fast backend', small)),
    flows: ofPeers((result) => suite(result, 'flows', 'callback and broadcast beside forward', small)),
    bounds: ofPeers(({ verdicts }) => bounds(verdicts)),
    workers: ofWorkers(({ rows }) => asMarkdown(workersTable(rows))),
    scaling: ofWorkers((result) => asMarkdown(scalingTable(result))),
    'workers-bounds': ofWorkers(({ verdicts }) => bounds(verdicts)),
  }
}

type Columns = Parameters<typeof tableOf>[1]

/** `FIRST` stands for the name of the first contender in the table. */
const cost: Columns = [
  ['', 'name'],
  ['CPU per request', 'cpu'],
  ['times FIRST', 'ratio'],
]
const small: Columns = [...cost, ['requests/s', 'rate'], ['p50', 'p50'], ['p99', 'p99']]
const large: Columns = [
  ...cost,
  ['MiB/s', 'mibPerSecond'],
  ['p99', 'p99'],
  ['resident before', 'residentBefore'],
  ['highest', 'resident'],
  ['after', 'residentAfter'],
]

function absent(script: string): string {
  return `Not measured yet: \`npm run ${script}\`.`
}

function machine({ machine, date, commit, isChanged, rounds, secondsPerRound, leftOut, cases }: PeersResult): string {
  const versions = Object.entries(machine.versions).map(
    ([name, version]) => `${name === 'node' ? 'Node' : name} ${version}`,
  )
  const others = othersShare(cases)
  const facts = [
    `${date.slice(0, 10)}, commit ${commit}${isChanged ? ' with changes' : ''}`,
    `${machine.cpu}, ${machine.cores} cores, ${machine.kernel}`,
    versions.join(', '),
    `medians of ${rounds} rounds of ${secondsPerRound} s, after one that warms up`,
    ...(others > quietShare ? [`others took up to ${share(others)} of the proxies' core meanwhile`] : []),
    ...leftOut.map((what) => `left out: ${what.split('\n')[0]}`),
  ]
  return facts.map((fact) => `- ${fact}`).join('\n')
}

function suite({ cases }: PeersResult, name: string, one: string, columns: Columns): string {
  const found = cases.find((each) => each.suite === name && each.name === one)
  if (found === undefined) return absent('bench')
  const { head, rows } = tableOf(found, columns)
  return asMarkdown({ head: head.map((title) => title.replace('FIRST', found.figures[0]?.name ?? '')), rows })
}

/** One row per proxy, one column per number of connections. */
function byConnections(
  { cases }: PeersResult,
  value: (round: Round) => number,
  show: (value: number) => string,
): string {
  const forward = cases.filter((one) => one.suite === 'forward')
  const names = forward[0]?.figures.map(({ name }) => name) ?? []
  const cell = (figures: Figures | undefined): string => (figures === undefined ? '' : show(medianOf(figures, value)))
  return asMarkdown({
    head: ['connections', ...forward.map(({ connections }) => whole(connections))],
    rows: names.map((name) =>
      [name].concat(forward.map(({ figures }) => cell(figures.find((one) => one.name === name)))),
    ),
  })
}

function memory({ memory }: PeersResult): string {
  const rest = memory.find(({ connections }) => connections === 0)?.residentMiB ?? 0
  return asMarkdown({
    head: ['', 'resident', 'for each connection'],
    rows: memory.map(({ what, connections, residentMiB }) => [
      connections === 0 ? what : `${whole(connections)} ${what}`,
      mib(residentMiB),
      connections === 0 ? '' : `${(((residentMiB - rest) / connections) * 1024).toFixed(1)} KiB`,
    ]),
  })
}

function bounds(verdicts: readonly Verdict[]): string {
  return asMarkdown({
    head: ['', 'measured', 'bound', ''],
    rows: verdicts.map((one) => [one.bound, measuredText(one), limitText(one), one.holds ? 'holds' : 'does not hold']),
  })
}
