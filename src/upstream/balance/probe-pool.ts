import type { TargetReport } from './probe.ts'

export interface ProbePoolOptions {
  /** How many reports are kept. */
  readonly size: number
  /** Older ones are not believed. */
  readonly ageMs: number
  /** How many attempts one report may decide. */
  readonly uses: number
}

/** From the paper: 2 to the power of -0.25, by which a sixth of the reports are hot. */
export const hotQuantile = 0.84
/** Of so many latest reports the quantile is taken. */
const remembered = 128
/** After so many more it is taken anew. */
const refreshEvery = 8
/** With fewer there is nothing to compare. */
export const fewestReports = 2

interface Report {
  inFlight: number
  readonly latencyMs: number | undefined
  readonly atMs: number
  uses: number
}

/**
 * The latest reports of some targets, the newest of each. Whatever a pool does not know is not compared: whom it chooses
 * is the fastest of those that are not hot, or the least busy where all are.
 */
export class ProbePool {
  readonly #options: ProbePoolOptions
  /** By place; the oldest first. */
  readonly #reports = new Map<number, Report>()
  readonly #inFlights: number[] = []
  #added = 0
  #hotAbove = 0

  constructor(options: ProbePoolOptions) {
    this.#options = options
  }

  add(place: number, { inFlight, latencyMs }: TargetReport, atMs: number): void {
    this.#reports.delete(place)
    this.#reports.set(place, { inFlight, latencyMs, atMs, uses: 0 })
    for (const oldest of this.#reports.keys()) {
      if (this.#reports.size <= this.#options.size) break
      this.#reports.delete(oldest)
    }
    this.#inFlights[this.#added % remembered] = inFlight
    if (this.#added++ % refreshEvery === 0) this.#hotAbove = quantileOf(this.#inFlights, hotQuantile)
  }

  /** Those of which there is a report that is to be believed. */
  known(places: readonly number[], nowMs: number): readonly number[] {
    return places.filter((place) => {
      const report = this.#reports.get(place)
      return report !== undefined && nowMs - report.atMs < this.#options.ageMs
    })
  }

  /**
   * The best of these, all of which are known; at `from` it begins to look, as the first of equals is taken. `judged`:
   * what is made of a report by what the gateway knows itself.
   */
  best(places: readonly number[], from: number, judged: (place: number, report: TargetReport) => Judged): number {
    let cold: Choice | undefined
    let hot: Choice | undefined
    let coldCount = 0
    for (let i = 0; i < places.length; i++) {
      const place = places[(from + i) % places.length] as number
      const { inFlight, latencyMs } = judged(place, this.#reports.get(place) as Report)
      if (inFlight > this.#hotAbove) {
        if (hot === undefined || inFlight < hot.inFlight) hot = { place, inFlight, latencyMs }
      } else {
        coldCount++
        if (cold === undefined || latencyMs < cold.latencyMs) cold = { place, inFlight, latencyMs }
      }
    }
    const best = coldCount === 1 ? this.#better(cold, hot) : (cold ?? hot)
    if (best === undefined) throw new Error('there was nothing to choose among')
    this.#use(best.place)
    return best.place
  }

  /**
   * Of hundreds of targets some are always cold. Of three, two may be hot by chance, and the third cold as it is ten times
   * slower: one that is cold alone is held against the least busy, which counts for as much slower as it is busier.
   */
  #better(cold: Choice | undefined, hot: Choice | undefined): Choice | undefined {
    if (cold === undefined || hot === undefined) return cold ?? hot
    const times = (hot.inFlight + 1) / (this.#hotAbove + 1)
    return cold.latencyMs <= hot.latencyMs * times ? cold : hot
  }

  /** The target has one more in flight now, which its report does not tell. */
  #use(place: number): void {
    const report = this.#reports.get(place)
    if (report === undefined) return
    report.inFlight++
    if (++report.uses >= this.#options.uses) this.#reports.delete(place)
  }
}

export interface Judged {
  readonly inFlight: number
  readonly latencyMs: number
}

interface Choice extends Judged {
  readonly place: number
}

function quantileOf(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
}
