import { setTimeout as sleep } from 'node:timers/promises'
import { coreMicroseconds } from './core-time.ts'
import { cpuOfTree, residentMiB } from './process-cpu.ts'
import { median } from './statistics.ts'
import { runWrk } from './wrk.ts'

/** A running server to measure. */
export interface Contender {
  readonly name: string
  readonly url: string
  /** Its process; descendants count too. */
  readonly pid: number
  /** A Lua file for wrk that makes the requests; plain GETs by default. */
  readonly script?: string
}

export interface Load {
  readonly connections: number
  readonly seconds: number
  /** Duration of the warm-up round: connections, caches, compiled code. */
  readonly warmUpSeconds: number
  readonly rounds: number
  /** Cores of the load generator. */
  readonly cores: number | string
  /** The core of the contenders, if they have only one. */
  readonly watchedCore?: number
  /** Threads of the load generator; 1 by default. */
  readonly threads?: number
}

export interface Round {
  /** User and system time per completed request, microseconds. */
  readonly cpuUs: number
  readonly requestsPerSecond: number
  readonly mibPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly residentMiB: { readonly before: number; readonly peak: number; readonly after: number }
  readonly failed: number
  /** Share of the contender's core used by other processes, 0 to 1: figures are unreliable above a few hundredths. */
  readonly othersShare: number
}

export interface Figures {
  readonly name: string
  readonly rounds: readonly Round[]
}

export type Tell = (contender: string, round: number) => void

/**
 * Measures in turn, round by round, so that disturbances of the machine affect all alike. Each round begins with another
 * contender, so that its position in the round favours none.
 */
export async function sideBySide(
  contenders: readonly Contender[],
  load: Load,
  tell: Tell,
): Promise<readonly Figures[]> {
  const figures = contenders.map(({ name }) => ({ name, rounds: [] as Round[] }))
  for (let round = 0; round <= load.rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const index = (round + turn) % contenders.length
      const contender = contenders[index] as Contender
      tell(contender.name, round)
      const measured = await measure(contender, load, round === 0 ? load.warmUpSeconds : load.seconds)
      if (round > 0) figures[index]?.rounds.push(measured)
    }
  }
  return figures
}

async function measure({ url, pid, script }: Contender, load: Load, seconds: number): Promise<Round> {
  const watched = load.watchedCore
  const coreUs = (): number => (watched === undefined ? 0 : coreMicroseconds(watched))
  const before = { cpuUs: cpuOfTree(pid), residentMiB: residentMiB(pid), coreUs: coreUs(), ms: performance.now() }
  const watching = new AbortController()
  const peak = highestResident(pid, watching.signal)
  const { connections, cores, threads = 1 } = load
  const wrk = await runWrk({ url, connections, cores, threads, seconds, ...(script === undefined ? {} : { script }) })
  const usedUs = cpuOfTree(pid) - before.cpuUs
  const gone = { coreUs: coreUs() - before.coreUs, us: (performance.now() - before.ms) * 1000 }
  watching.abort()
  const { requestsPerSecond, mibPerSecond, p50Ms, p99Ms, failed } = wrk
  const resident = { before: before.residentMiB, peak: await peak, after: residentMiB(pid) }
  return {
    cpuUs: usedUs / wrk.requests,
    requestsPerSecond,
    mibPerSecond,
    p50Ms,
    p99Ms,
    residentMiB: resident,
    failed,
    othersShare: watched === undefined ? 0 : Math.max(0, (gone.coreUs - usedUs) / gone.us),
  }
}

async function highestResident(pid: number, signal: AbortSignal): Promise<number> {
  let highest = 0
  while (!signal.aborted) {
    highest = Math.max(highest, residentMiB(pid))
    await sleep(100, undefined, { signal }).catch(() => {})
  }
  return highest
}

type Value = (round: Round) => number

export function medianOf(figures: Figures, value: Value): number {
  return median(figures.rounds.map(value))
}

/** The median of the ratios within each round. */
export function medianRatio(one: Figures, other: Figures, value: Value): number {
  return median(one.rounds.map((round, index) => value(round) / value(other.rounds[index] as Round)))
}
