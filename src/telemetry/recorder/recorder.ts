import type { Call } from '../../core/call.ts'
import type { CallEnd } from '../../core/events.ts'
import type { GatewayRequest } from '../../core/request.ts'
import type { Clock } from '../../kit/clock.ts'
import type { EventBus } from '../../kit/event-bus.ts'
import type { Redaction } from '../redact.ts'
import { RecentCalls } from './recent-calls.ts'
import { type RecordedCall, record } from './recorded-call.ts'
import { SlowCalls } from './slow-calls.ts'

export interface RecorderOptions {
  readonly clock: Clock
  readonly events: EventBus
  readonly redaction: Redaction
}

export interface CallFilter {
  readonly which: 'failed' | 'slow' | undefined
  readonly route: string | undefined
  readonly limit: number
}

/** For each route; a failed call takes about 1 KiB. */
const failedPerRoute = 200
const maxFailedBytes = 8 * 1024 * 1024
const slow = { perRoute: 20, periodMs: 5 * 60_000, maxBytes: 8 * 1024 * 1024 }
/** How long such a connection was open tells nothing of how fast it was answered. */
const switching = 101

/**
 * Keeps the calls that somebody will ask for: the latest that failed, and the slowest of the last five to ten minutes,
 * for each route. Any other call costs a lookup and a few comparisons, and nothing is allocated for it.
 */
export class Recorder {
  readonly #options: RecorderOptions
  readonly #failed = new RecentCalls({ perRoute: failedPerRoute, maxBytes: maxFailedBytes })
  readonly #slow = new SlowCalls(slow)
  readonly #stop: () => void

  constructor(options: RecorderOptions) {
    this.#options = options
    this.#stop = options.events.on('call.ended', ({ request, end }, call) => this.#ended(request, end, call))
  }

  close(): void {
    this.#stop()
  }

  /** Failed ones: the latest first. Slow ones: the slowest first. Both: the latest first. */
  list({ which, route, limit }: CallFilter): readonly RecordedCall[] {
    const found = new Set<RecordedCall>()
    if (which !== 'slow') for (const call of this.#failed.calls()) found.add(call)
    if (which !== 'failed') for (const call of this.#slowNow()) found.add(call)
    const order = which === 'slow' ? slowestFirst : latestFirst
    return [...found]
      .filter((call) => route === undefined || call.route === route)
      .sort(order)
      .slice(0, limit)
  }

  /** The latest with this id, which a trusted proxy may give more than once. */
  find(id: string): RecordedCall | undefined {
    const all = [...this.#failed.calls(), ...this.#slowNow()].filter((call) => call.id === id)
    return all.sort(latestFirst)[0]
  }

  #ended(request: GatewayRequest, end: CallEnd, call: Call): void {
    const { clock } = this.#options
    const nowMs = clock.now()
    const durationMs = nowMs - call.startedAtMs
    const isSlow = this.#slow.takes(call.route.name, durationMs, nowMs) && end.status !== switching
    // Clients that left, or asked for what they may not, would crowd out those who were let down.
    const hasFailed = end.failure === undefined ? end.status >= 500 : end.failure.source !== 'client'
    if (!isSlow && !hasFailed) return
    const { redaction } = this.#options
    const recorded = record(request, call, end, { wallNow: clock.wallNow(), durationMs, redaction })
    if (isSlow) this.#slow.add(recorded)
    if (hasFailed) this.#failed.add(recorded)
  }

  #slowNow(): IterableIterator<RecordedCall> {
    return this.#slow.calls(this.#options.clock.now())
  }
}

function latestFirst(a: RecordedCall, b: RecordedCall): number {
  return endOf(b) - endOf(a)
}

function slowestFirst(a: RecordedCall, b: RecordedCall): number {
  return b.durationMs - a.durationMs
}

function endOf({ startedAt, durationMs }: RecordedCall): number {
  return Date.parse(startedAt) + durationMs
}
