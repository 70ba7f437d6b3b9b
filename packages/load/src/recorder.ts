import { CoarseHistogram } from './coarse-histogram.ts'
import { FineHistogram } from './fine-histogram.ts'
import type { Ending } from './sender.ts'
import type { StatusSet } from './status-set.ts'
import { Tally, type Verdict } from './tally.ts'
import { Timeline } from './timeline.ts'

/** When a request was due and when it was sent, in the run's own time. */
export interface Sending {
  readonly dueMs: number
  readonly sentMs: number
  readonly lateAfterMs: number | undefined
}

/** Figures since the last call. */
export interface Interval {
  readonly widthMs: number
  readonly sent: number
  readonly ended: number
  readonly failed: number
  readonly p50Ms: number | undefined
  readonly p99Ms: number | undefined
}

/** All records of a run. Their size is constant. */
export class Recorder {
  readonly tally: Tally
  readonly timeline = new Timeline()
  /** Since each request was due. Timed-out requests are included, with the time until the time-out. */
  readonly latency = new FineHistogram()
  /** Since each request was sent. */
  readonly fromSending = new FineHistogram()
  /** Answers that came while requests were still being sent. */
  answeredWhileSending = 0
  lastEndMs = 0
  readonly #recent = new CoarseHistogram()
  #interval = { startMs: 0, sent: 0, ended: 0, failed: 0 }

  constructor(isGood: StatusSet) {
    this.tally = new Tally(isGood)
  }

  sent(atMs: number): void {
    this.tally.sent()
    this.timeline.sent(atMs)
    this.#interval.sent++
  }

  ended(ending: Ending, sending: Sending, atMs: number, isSending: boolean): Verdict {
    // A request may be sent slightly early, as timers have a resolution of a millisecond.
    const latencyMs = atMs - Math.min(sending.dueMs, sending.sentMs)
    const isLate = sending.lateAfterMs !== undefined && latencyMs > sending.lateAfterMs
    const verdict = this.tally.ended(ending, isLate)
    const isMeasured = ending.kind === 'answered' || ending.kind === 'timed out'
    this.timeline.ended(atMs, verdict, isMeasured ? latencyMs : undefined)
    this.lastEndMs = atMs
    this.#interval.ended++
    if (verdict !== 'completed' && verdict !== 'abandoned') this.#interval.failed++
    if (ending.kind === 'answered' && isSending) this.answeredWhileSending++
    if (isMeasured) {
      this.latency.record(latencyMs)
      this.fromSending.record(atMs - sending.sentMs)
      this.#recent.record(latencyMs)
    }
    return verdict
  }

  /** For one reader only: each call starts a new interval. */
  takeInterval(nowMs: number): Interval {
    const { startMs, ...counted } = this.#interval
    const taken = {
      ...counted,
      widthMs: nowMs - startMs,
      p50Ms: this.#recent.quantileMs(0.5),
      p99Ms: this.#recent.quantileMs(0.99),
    }
    this.#interval = { startMs: nowMs, sent: 0, ended: 0, failed: 0 }
    this.#recent.clear()
    return taken
  }
}
