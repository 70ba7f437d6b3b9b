interface Segment {
  readonly baseMs: number
  /** The number of the request that is due at `baseMs`. */
  readonly first: number
  readonly perMs: number
}

/** When each request of a fixed rate is due, numbered from 0. If the rate changes, past due times stay. */
export class Schedule {
  /** One for each rate so far. */
  readonly #segments: Segment[]
  #endMs = Number.POSITIVE_INFINITY

  constructor(beginMs: number, perSecond: number) {
    this.#segments = [{ baseMs: beginMs, first: 0, perMs: perSecond / 1000 }]
  }

  /** How many have become due by then. The first is due at once; one due exactly at the end does not count. */
  countAt(ms: number): number {
    const { baseMs, first, perMs } = this.#segments.at(-1) as Segment
    const untilMs = Math.min(ms, this.#endMs)
    if (untilMs === Number.POSITIVE_INFINITY) return untilMs
    if (untilMs < baseMs) return first
    const steps = (untilMs - baseMs) * perMs
    return first + (ms < this.#endMs ? Math.floor(steps + tolerance) + 1 : Math.ceil(steps - tolerance))
  }

  dueMs(number: number): number {
    const { baseMs, first, perMs } = this.#segments.findLast((segment) => segment.first <= number) as Segment
    return baseMs + (number - first) / perMs
  }

  /** Whether this request will ever be due. */
  has(number: number): boolean {
    return number < this.countAt(Number.POSITIVE_INFINITY)
  }

  setRate(perSecond: number, nowMs: number): void {
    const first = this.countAt(nowMs)
    const lastDueMs = first === 0 ? nowMs : this.dueMs(first - 1)
    this.#segments.push({ baseMs: Math.max(nowMs, lastDueMs + 1000 / perSecond), first, perMs: perSecond / 1000 })
  }

  end(ms: number): void {
    this.#endMs = Math.min(this.#endMs, ms)
  }
}

/** Prevents rounding errors in sums of fractions from adding or losing a request. */
const tolerance = 1e-6
