import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace'
import type { Timer } from '../../kit/clock.ts'
import type { Runtime } from '../../kit/runtime.ts'

/** Sends spans, or throws with the reason. Stops when the signal is aborted. */
export type SendSpans = (spans: ReadableSpan[], signal: AbortSignal) => Promise<void>

export interface SpanQueueOptions extends Pick<Runtime, 'clock' | 'log'> {
  readonly send: SendSpans
  readonly maxQueued: number
  readonly maxBatch: number
  readonly intervalMs: number
  readonly timeoutMs: number
}

/** Span counts since the start. */
export interface SpanCounts {
  /** Accepted by the collector. */
  readonly sent: number
  /** Dropped because the queue was full or the collector did not accept them. */
  readonly dropped: number
}

/** Pause after a failed post. Spans wait meanwhile, as far as there is room. */
const pauseMs = 5000
/** Time limit for the last spans on shutdown. */
const flushMs = 2000

/**
 * A bounded queue between calls and collector, with one post at a time: a bad collector costs spans and nothing else.
 * It replaces the SDK's batch processor, which neither counts the spans lost with a failed post nor reports the start
 * of an outage once.
 */
export class SpanQueue implements SpanProcessor {
  readonly #options: SpanQueueOptions
  readonly #waiting: ReadableSpan[] = []
  #timer: Timer | undefined
  #sending: AbortController | undefined
  #failing = false
  #closed = false
  #sent = 0
  #dropped = 0
  #onIdle: (() => void) | undefined

  constructor(options: SpanQueueOptions) {
    this.#options = options
  }

  get counts(): SpanCounts {
    return { sent: this.#sent, dropped: this.#dropped }
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    const { maxQueued, maxBatch, intervalMs } = this.#options
    if (this.#closed || this.#waiting.length >= maxQueued) {
      this.#dropped++
      return
    }
    this.#waiting.push(span)
    if (this.#sending !== undefined) return
    if (this.#waiting.length >= maxBatch && !this.#failing) this.#send()
    else this.#sendAfter(this.#failing ? pauseMs : intervalMs)
  }

  async forceFlush(): Promise<void> {
    if (this.#sending === undefined && this.#waiting.length > 0) this.#send()
    if (this.#sending !== undefined) await new Promise<void>((resolve) => (this.#onIdle = resolve))
  }

  /** Sends waiting spans, within two seconds and not to a failing collector. Never rejects. */
  async shutdown(): Promise<void> {
    this.#closed = true
    const timer = this.#options.clock.after(flushMs, () => this.#giveUp())
    if (this.#failing) this.#giveUp()
    await this.forceFlush()
    timer.cancel()
  }

  #giveUp(): void {
    this.#timer?.cancel()
    this.#dropped += this.#waiting.splice(0).length
    this.#sending?.abort(new Error('the gateway is shutting down'))
  }

  #sendAfter(delayMs: number): void {
    this.#timer ??= this.#options.clock.after(delayMs, () => this.#send())
  }

  #send(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    const { clock, timeoutMs, send, maxBatch } = this.#options
    const batch = this.#waiting.splice(0, maxBatch)
    const sending = new AbortController()
    this.#sending = sending
    const timer = clock.after(timeoutMs, () => sending.abort(new Error(`no answer within ${timeoutMs} ms`)))
    // Not awaited: the next batch is sent even if `send` ignores the signal.
    const aborted = new Promise<never>((_resolve, reject) => {
      sending.signal.addEventListener('abort', () => reject(sending.signal.reason as Error))
    })
    Promise.race([sent(send, batch, sending.signal), aborted]).then(
      () => this.#taken(batch.length, timer),
      (reason: unknown) => this.#refused(batch.length, timer, reason),
    )
  }

  #taken(count: number, timer: Timer): void {
    this.#sent += count
    if (this.#failing) this.#options.log(`traces can be sent again; ${this.#dropped} spans have been dropped so far`)
    this.#failing = false
    this.#next(timer)
  }

  #refused(count: number, timer: Timer, reason: unknown): void {
    this.#dropped += count
    if (!this.#failing)
      this.#options.log(`traces cannot be sent, spans are dropped (telemetry.traces.url): ${textOf(reason)}`, 'warn')
    this.#failing = true
    // This was the last attempt.
    if (this.#closed) this.#dropped += this.#waiting.splice(0).length
    this.#next(timer)
  }

  #next(timer: Timer): void {
    timer.cancel()
    this.#sending = undefined
    const { length } = this.#waiting
    if (length === 0) {
      this.#onIdle?.()
      this.#onIdle = undefined
    } else if (this.#failing) this.#sendAfter(pauseMs)
    else if (this.#onIdle !== undefined || length >= this.#options.maxBatch) this.#send()
    else this.#sendAfter(this.#options.intervalMs)
  }
}

/** Turns a synchronous exception into a rejection too. */
async function sent(send: SendSpans, batch: ReadableSpan[], signal: AbortSignal): Promise<void> {
  await send(batch, signal)
}

/** For an abort, or a host with several addresses, the reason is inside the error. */
function textOf(reason: unknown): string {
  if (!(reason instanceof Error)) return String(reason)
  if (reason instanceof AggregateError && reason.errors.length > 0) return textOf(reason.errors[0])
  return reason.cause instanceof Error ? textOf(reason.cause) : reason.message || reason.name
}
