import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Machine } from './machine.ts'
import type { Figures } from './measure.ts'

/** One comparison: the figures of each contender for the same work. */
export interface Case {
  readonly suite: string
  readonly name: string
  readonly connections: number
  readonly figures: readonly Figures[]
}

export interface MemoryRow {
  readonly what: string
  readonly connections: number
  readonly residentMiB: number
}

export interface Verdict {
  readonly bound: string
  readonly value: number
  readonly limit: number
  readonly isAtMost: boolean
  readonly holds: boolean
  /** Notes that help to judge the figures. */
  readonly note?: string
}

interface About {
  /** ISO time. */
  readonly date: string
  readonly commit: string
  /** The sources differed from the commit. */
  readonly isChanged: boolean
  readonly machine: Machine
  /** Skipped measurements, with reasons. */
  readonly leftOut: readonly string[]
  readonly verdicts: readonly Verdict[]
}

/** Results of `npm run bench`. */
export interface PeersResult extends About {
  readonly kind: 'peers'
  readonly rounds: number
  readonly secondsPerRound: number
  readonly cases: readonly Case[]
  readonly memory: readonly MemoryRow[]
}

export interface WorkersRow {
  readonly workers: number
  readonly calls: number
  readonly concurrency: number
  readonly completed: number
  readonly failed: number
  readonly requestsPerSecond: number
}

export interface ScalingRow {
  readonly workers: number
  /** Every round; readers compute the medians. */
  readonly cpuUs: readonly number[]
  readonly requestsPerSecond: readonly number[]
}

/** Results of `npm run bench:workers`. */
export interface WorkersResult extends About {
  readonly kind: 'workers'
  readonly rows: readonly WorkersRow[]
  readonly scaling: readonly ScalingRow[]
  /** Whether load and gateway had their own cores. */
  readonly isApart: boolean
}

export type Result = PeersResult | WorkersResult

const folder = join(import.meta.dirname, '../results')

/** `bench/results/<date>-<commit>.json`, with the kind unless it is the default. */
export function resultFile({ kind, date, commit }: Pick<Result, 'kind' | 'date' | 'commit'>): string {
  return join(folder, `${date.slice(0, 10)}-${commit}${kind === 'peers' ? '' : `-${kind}`}.json`)
}

export function writeResult(file: string, result: Result): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(result, rounded, 1)}\n`)
}

/** The newest result of each kind. */
export function newestResults(): { readonly peers?: PeersResult; readonly workers?: WorkersResult } {
  const byDate = resultFiles()
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Result)
    .toSorted((a, b) => (a.date < b.date ? 1 : -1))
  const peers = byDate.find((result) => result.kind === 'peers')
  const workers = byDate.find((result) => result.kind === 'workers')
  return { ...(peers === undefined ? {} : { peers }), ...(workers === undefined ? {} : { workers }) }
}

function resultFiles(): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.json'))
  } catch {
    return []
  }
}

/** Five digits exceed the precision of every figure. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value
}
