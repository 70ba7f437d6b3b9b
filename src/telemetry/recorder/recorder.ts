import type { Call } from '../../core/call.ts'
import type { CallEnd } from '../../core/events.ts'
import type { GatewayRequest } from '../../core/request.ts'
import type { Clock } from '../../kit/clock.ts'
import type { Runtime } from '../../kit/runtime.ts'
import type { Redaction } from '../redact.ts'
import { RecentCalls } from './recent-calls.ts'
import { type RecordedCall, record } from './recorded-call.ts'
import { SlowCalls } from './slow-calls.ts'

export interface RecorderOptions extends Pick<Runtime, 'clock' | 'events'> {
  readonly redaction: Redaction
}

export interface CallFilter {
  readonly which: 'failed' | 'slow' | undefined
  readonly route: string | undefined
  readonly limit: number
}

/** Per route; a failed call takes about 1 KiB. */
const failedPerRoute = 200
const maxFailedBytes = 8 * 1024 * 1024
const slow = { perRoute: 20, periodMs: 5 * 60_000, maxBytes: 8 * 1024 * 1024 }
/** The open time of such a connection is not a response time. */
const switching = 101

/**
 * Keeps the calls worth inspecting for each route: the latest failed ones, and the slowest of the last five to ten
 * minutes. Any other call costs a lookup and a few comparisons, without an allocation.
 */
export class Recorder {
  readonly #clock: Clock
  #redaction: Redaction
  readonly #failed = new RecentCalls({ perRoute: failedPerRoute, maxBytes: maxFailedBytes })
  readonly #slow = new SlowCalls(slow)
  readonly #stop: () => void

  constructor({ clock, events, redaction }: RecorderOptions) {
    this.#clock = clock
    this.#redaction = redaction
    this.#stop = events.on('call.ended', ({ request, end }, call) => this.#ended(request, end, call))
  }

  close(): void {
    this.#stop()
  }

  /** Applies to later calls; recorded calls stay unchanged. */
  change(redaction: Redaction): void {
    this.#redaction = redaction
  }

  /** Failed calls: latest first. Slow calls: slowest first. Both: latest first. */
  list({ which, route, limit }: CallFilter): readonly RecordedCall[] {
    const found = new Set<RecordedCall>()
    if (which !== 'slow') for (const call of this.#failed.calls()) found.add(call)
    if (which !== 'failed') for (const call of this.#slowNow()) found.add(call)
    const calls = [...found].filter((call) => route === undefined || call.route === route)
    return inOrder(calls, which).slice(0, limit)
  }

  /** The latest call with this id, which a trusted proxy may send more than once. */
  find(id: string): RecordedCall | undefined {
    const all = [...this.#failed.calls(), ...this.#slowNow()].filter((call) => call.id === id)
    return inOrder(all)[0]
  }

  #ended(request: GatewayRequest, end: CallEnd, call: Call): void {
    const clock = this.#clock
    const nowMs = clock.now()
    const durationMs = nowMs - call.startedAtMs
    const isSlow = this.#slow.takes(call.route.name, durationMs, nowMs) && end.status !== switching
    // Hang-ups and client errors would push out calls that failed because of a target or the gateway.
    const hasFailed = end.failure === undefined ? end.status >= 500 : end.failure.source !== 'client'
    if (!isSlow && !hasFailed) return
    const facts = { wallNow: clock.wallNow(), durationMs, redaction: this.#redaction }
    const recorded = record(request, call, end, facts)
    if (isSlow) this.#slow.add(recorded)
    if (hasFailed) this.#failed.add(recorded)
  }

  #slowNow(): IterableIterator<RecordedCall> {
    return this.#slow.calls(this.#clock.now())
  }
}

/** Sorted like `Recorder.list`. */
export function inOrder(calls: readonly RecordedCall[], which?: CallFilter['which']): readonly RecordedCall[] {
  return calls.toSorted(which === 'slow' ? slowestFirst : latestFirst)
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
