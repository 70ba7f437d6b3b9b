import { type RecordedCall, sizeOf } from './recorded-call.ts'

interface Kept {
  readonly call: RecordedCall
  readonly bytes: number
}

/**
 * The slowest calls of one route. Two sets, the current and the previous one, cover a window of one to two periods: an
 * old slow call expires, and the window is not empty just because a period has begun. A period of n calls keeps about
 * `count x ln(n / count)` of them for some time; each other call costs two comparisons.
 */
export class SlowestCalls {
  readonly #count: number
  readonly #periodMs: number
  /** Both slowest first. */
  #current: Kept[] = []
  #before: Kept[] = []
  #endsAtMs = 0
  /** Minimum duration for a call to be kept. */
  #thresholdMs = -1
  /** Approximate memory size of the calls. */
  bytes = 0

  constructor(count: number, periodMs: number) {
    this.#count = count
    this.#periodMs = periodMs
  }

  takes(durationMs: number, nowMs: number): boolean {
    if (nowMs >= this.#endsAtMs) this.#turn(nowMs)
    return durationMs > this.#thresholdMs
  }

  add(call: RecordedCall): void {
    const kept = this.#current
    const slower = kept.findLastIndex((other) => other.call.durationMs >= call.durationMs)
    const bytes = sizeOf(call)
    kept.splice(slower + 1, 0, { call, bytes })
    this.bytes += bytes
    if (kept.length > this.#count) this.bytes -= kept.pop()?.bytes ?? 0
    if (kept.length === this.#count) this.#thresholdMs = kept.at(-1)?.call.durationMs ?? -1
  }

  /** Drops the fastest call, from the previous set first. */
  drop(): void {
    const early = this.#before.pop()
    const dropped = early ?? this.#current.pop()
    if (dropped === undefined) return
    this.bytes -= dropped.bytes
    // Otherwise the next call like it would be added only to be dropped.
    if (early === undefined) this.#thresholdMs = Math.max(this.#thresholdMs, dropped.call.durationMs)
  }

  calls(nowMs: number): readonly RecordedCall[] {
    if (nowMs >= this.#endsAtMs) this.#turn(nowMs)
    return [...this.#current, ...this.#before].map(({ call }) => call)
  }

  #turn(nowMs: number): void {
    const isNextPeriod = nowMs < this.#endsAtMs + this.#periodMs
    this.#before = isNextPeriod ? this.#current : []
    this.#current = []
    this.bytes = this.#before.reduce((sum, { bytes }) => sum + bytes, 0)
    this.#thresholdMs = -1
    this.#endsAtMs = isNextPeriod ? this.#endsAtMs + this.#periodMs : nowMs + this.#periodMs
  }
}
