import type { TargetReport } from './probe.ts'

export interface ProbePoolOptions {
  /** Number of reports kept. */
  readonly size: number
  /** Older reports are ignored. */
  readonly ageMs: number
  /** How many attempts one report may decide. */
  readonly uses: number
}

/** From the paper: 2 to the power of -0.25, which makes a sixth of the reports hot. */
export const hotQuantile = 0.84
/** The quantile is taken over this many recent reports. */
const remembered = 128
/** The quantile is updated after this many further reports. */
const refreshEvery = 8
/** With fewer reports there is nothing to compare. */
export const fewestReports = 2

interface Report {
  inFlight: number
  readonly latencyMs: number | undefined
  readonly atMs: number
  uses: number
}

/**
 * The newest report of each of some targets. Targets without a report are not compared. The choice is the fastest
 * target that is not hot, or the least busy one when all are hot.
 */
export class ProbePool {
  readonly #options: ProbePoolOptions
  /** By target index; the oldest first. */
  readonly #reports = new Map<number, Report>()
  readonly #inFlights: number[] = []
  #added = 0
  #hotAbove = 0

  constructor(options: ProbePoolOptions) {
    this.#options = options
  }

  add(index: number, { inFlight, latencyMs }: TargetReport, atMs: number): void {
    this.#reports.delete(index)
    this.#reports.set(index, { inFlight, latencyMs, atMs, uses: 0 })
    for (const oldest of this.#reports.keys()) {
      if (this.#reports.size <= this.#options.size) break
      this.#reports.delete(oldest)
    }
    this.#inFlights[this.#added % remembered] = inFlight
    if (this.#added++ % refreshEvery === 0) this.#hotAbove = quantileOf(this.#inFlights, hotQuantile)
  }

  /** The targets with a report that is still valid. */
  known(indexes: readonly number[], nowMs: number): readonly number[] {
    return indexes.filter((index) => {
      const report = this.#reports.get(index)
      return report !== undefined && nowMs - report.atMs < this.#options.ageMs
    })
  }

  /**
   * The best of these targets, all of which must have a report. The search starts at `from`, because the first of
   * equals wins. `judged`: corrects a report by the gateway's own measurements.
   */
  best(indexes: readonly number[], from: number, judged: (index: number, report: TargetReport) => Judged): number {
    let cold: Choice | undefined
    let hot: Choice | undefined
    let coldCount = 0
    for (let i = 0; i < indexes.length; i++) {
      const index = indexes[(from + i) % indexes.length] as number
      const { inFlight, latencyMs } = judged(index, this.#reports.get(index) as Report)
      if (inFlight > this.#hotAbove) {
        if (hot === undefined || inFlight < hot.inFlight) hot = { index, inFlight, latencyMs }
      } else {
        coldCount++
        if (cold === undefined || latencyMs < cold.latencyMs) cold = { index, inFlight, latencyMs }
      }
    }
    const best = coldCount === 1 ? this.#better(cold, hot) : (cold ?? hot)
    if (best === undefined) throw new Error('there was nothing to choose among')
    this.#use(best.index)
    return best.index
  }

  /**
   * Among hundreds of targets some are always cold. Among three, two may be hot by chance, and the third cold because
   * it is ten times slower. So a lone cold target is compared with the least busy one, whose latency is scaled up by
   * how much busier it is.
   */
  #better(cold: Choice | undefined, hot: Choice | undefined): Choice | undefined {
    if (cold === undefined || hot === undefined) return cold ?? hot
    const times = (hot.inFlight + 1) / (this.#hotAbove + 1)
    return cold.latencyMs <= hot.latencyMs * times ? cold : hot
  }

  /** The target now has one more attempt in flight, which its report does not include. */
  #use(index: number): void {
    const report = this.#reports.get(index)
    if (report === undefined) return
    report.inFlight++
    if (++report.uses >= this.#options.uses) this.#reports.delete(index)
  }
}

export interface Judged {
  readonly inFlight: number
  readonly latencyMs: number
}

interface Choice extends Judged {
  readonly index: number
}

function quantileOf(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
}
