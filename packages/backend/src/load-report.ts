import type { ServerResponse } from 'node:http'
import type { Clock } from './clock.ts'

/** Where a probing balancer (Hedgerow's `probing`) asks a backend for its load. */
export const loadPath = '/_backend/load'

const remembered = 16
/** Older latencies say nothing about the present. */
const believedForMs = 10_000

/** Latencies of recent requests, from the last byte of the request to the last of the answer. */
export class RecentLatencies {
  readonly #clock: Clock
  readonly #recent: { readonly atMs: number; readonly tookMs: number }[] = []
  #added = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(tookMs: number): void {
    this.#recent[this.#added++ % remembered] = { atMs: this.#clock.now(), tookMs }
  }

  /** The median; undefined if there was no recent request. */
  medianMs(): number | undefined {
    const sinceMs = this.#clock.now() - believedForMs
    const sorted = this.#recent
      .filter(({ atMs }) => atMs >= sinceMs)
      .map(({ tookMs }) => tookMs)
      .sort((a, b) => a - b)
    return sorted[Math.floor(sorted.length / 2)]
  }
}

/** Answers at once, whatever the profile does to other requests. */
export function answerLoad(response: ServerResponse, inFlight: number, latencyMs: number | undefined): void {
  response.writeHead(204, {
    'x-load-in-flight': inFlight,
    ...(latencyMs !== undefined && { 'x-load-latency-ms': latencyMs.toFixed(3) }),
  })
  response.end()
}
