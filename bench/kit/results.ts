import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Machine } from './machine.ts'
import type { Figures } from './measure.ts'

/** One comparison: who did how well at the same. */
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
  /** What helps to judge it. */
  readonly note?: string
}

interface About {
  /** ISO time. */
  readonly date: string
  readonly commit: string
  /** The sources were not those of the commit. */
  readonly isChanged: boolean
  readonly machine: Machine
  /** What was not measured, and why. */
  readonly leftOut: readonly string[]
  readonly verdicts: readonly Verdict[]
}

/** Of `npm run bench`. */
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
  /** Medians are for the reader to make: every round. */
  readonly cpuUs: readonly number[]
  readonly requestsPerSecond: readonly number[]
}

/** Of `npm run bench:workers`. */
export interface WorkersResult extends About {
  readonly kind: 'workers'
  readonly rows: readonly WorkersRow[]
  readonly scaling: readonly ScalingRow[]
  /** Whether load and gateway had cores of their own. */
  readonly isApart: boolean
}

export type Result = PeersResult | WorkersResult

const folder = join(import.meta.dirname, '../results')

/** `bench/results/<date>-<commit>.json`, with the kind if it is not the usual one. */
export function resultFile({ kind, date, commit }: Pick<Result, 'kind' | 'date' | 'commit'>): string {
  return join(folder, `${date.slice(0, 10)}-${commit}${kind === 'peers' ? '' : `-${kind}`}.json`)
}

export function writeResult(file: string, result: Result): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(result, rounded, 1)}\n`)
}

/** The newest of each kind that is there. */
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

/** Five digits are more than any of them is good for. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value
}
