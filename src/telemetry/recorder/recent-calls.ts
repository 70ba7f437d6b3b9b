import { type RecordedCall, sizeOf } from './recorded-call.ts'

export interface KeepLimits {
  readonly perRoute: number
  readonly maxBytes: number
}

interface Kept {
  readonly call: RecordedCall
  readonly bytes: number
}

interface KeptOfRoute {
  /** Oldest first. */
  readonly calls: Kept[]
  bytes: number
}

/**
 * The most recent calls of each route, within a total number of bytes. Excess calls are dropped from the route that
 * holds most, so that a route that always fails does not push out calls of one that fails once a day.
 */
export class RecentCalls {
  readonly #limits: KeepLimits
  readonly #routes = new Map<string, KeptOfRoute>()
  #bytes = 0

  constructor(limits: KeepLimits) {
    this.#limits = limits
  }

  get bytes(): number {
    return this.#bytes
  }

  add(call: RecordedCall): void {
    const kept = this.#routeOf(call.route)
    const bytes = sizeOf(call)
    kept.calls.push({ call, bytes })
    kept.bytes += bytes
    this.#bytes += bytes
    if (kept.calls.length > this.#limits.perRoute) this.#dropOldest(kept)
    while (this.#bytes > this.#limits.maxBytes) this.#dropOldest(this.#largest())
  }

  *calls(): IterableIterator<RecordedCall> {
    for (const { calls } of this.#routes.values()) for (const { call } of calls) yield call
  }

  #dropOldest(kept: KeptOfRoute): void {
    const bytes = kept.calls.shift()?.bytes ?? 0
    kept.bytes -= bytes
    this.#bytes -= bytes
  }

  #largest(): KeptOfRoute {
    return [...this.#routes.values()].reduce((largest, kept) => (kept.bytes > largest.bytes ? kept : largest))
  }

  #routeOf(name: string): KeptOfRoute {
    let kept = this.#routes.get(name)
    if (kept === undefined) {
      kept = { calls: [], bytes: 0 }
      this.#routes.set(name, kept)
    }
    return kept
  }
}
