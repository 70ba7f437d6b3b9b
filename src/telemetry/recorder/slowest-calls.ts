import { type RecordedCall, sizeOf } from './recorded-call.ts'

interface Kept {
  readonly call: RecordedCall
  readonly bytes: number
}

/**
 * The slowest calls of one route. Two sets, the one being filled and the one before it, stand for a window of one to two
 * periods: a slow call of long ago goes, and the window is never empty just because a period has begun. Of n calls in a
 * period about `count x ln(n / count)` are ever kept for a time; for the others it is two comparisons.
 */
export class SlowestCalls {
  readonly #count: number
  readonly #periodMs: number
  /** Slowest first, both. */
  #current: Kept[] = []
  #before: Kept[] = []
  #endsAtMs = 0
  /** What a call has to exceed to be among them. */
  #thresholdMs = -1
  /** About as much memory as they take. */
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

  /** Gives up the least slow one, of the earlier set first. */
  drop(): void {
    const early = this.#before.pop()
    const dropped = early ?? this.#current.pop()
    if (dropped === undefined) return
    this.bytes -= dropped.bytes
    // Or the next one like it would be taken only to be dropped.
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
