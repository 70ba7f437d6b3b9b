import type { RecordedCall } from './recorded-call.ts'
import { SlowestCalls } from './slowest-calls.ts'

export interface SlowLimits {
  readonly perRoute: number
  readonly periodMs: number
  readonly maxBytes: number
}

/**
 * The slowest calls of each route, within a total number of bytes: with a thousand routes, long URLs and many attempts,
 * twice twenty calls per route would be hundreds of megabytes. Excess calls are dropped from the route that holds most.
 */
export class SlowCalls {
  readonly #limits: SlowLimits
  readonly #routes = new Map<string, SlowestCalls>()

  constructor(limits: SlowLimits) {
    this.#limits = limits
  }

  get bytes(): number {
    let bytes = 0
    for (const slowest of this.#routes.values()) bytes += slowest.bytes
    return bytes
  }

  takes(route: string, durationMs: number, nowMs: number): boolean {
    return this.#routeOf(route).takes(durationMs, nowMs)
  }

  add(call: RecordedCall): void {
    this.#routeOf(call.route).add(call)
    let { bytes } = this
    while (bytes > this.#limits.maxBytes) {
      const largest = this.#largest()
      bytes -= largest.bytes
      largest.drop()
      bytes += largest.bytes
    }
  }

  *calls(nowMs: number): IterableIterator<RecordedCall> {
    for (const slowest of this.#routes.values()) yield* slowest.calls(nowMs)
  }

  #largest(): SlowestCalls {
    return [...this.#routes.values()].reduce((largest, slowest) => (slowest.bytes > largest.bytes ? slowest : largest))
  }

  #routeOf(route: string): SlowestCalls {
    let slowest = this.#routes.get(route)
    if (slowest === undefined) {
      slowest = new SlowestCalls(this.#limits.perRoute, this.#limits.periodMs)
      this.#routes.set(route, slowest)
    }
    return slowest
  }
}
