import type { Span } from './coarse-histogram.ts'
import type { CurvePoint, Quantiles } from './fine-histogram.ts'
import type { LoadRun, RunEnd } from './load-run.ts'
import type { PaceOptions } from './pace.ts'
import type { Counts } from './tally.ts'
import type { Moment } from './timeline.ts'

/** The results of a finished run: the output of `--json`, and the data of the table and the report. */
export interface Summary {
  readonly url: string
  readonly method: string
  readonly startedAt: string
  readonly pace: PaceOptions
  /** `finished`, `stopped` (by a person, in the web page), `interrupted` (Ctrl-C) or `target gone`. */
  readonly end: RunEnd
  /** From the start to the last answer. */
  readonly elapsedMs: number
  /** How long requests were sent: the base of the rate. */
  readonly sendingMs: number
  /** Answers a second, of any status. */
  readonly answersPerSecond: number
  readonly counts: Counts
  /** Since each request was due; includes timed-out requests. */
  readonly latency: Quantiles | undefined
  /** Since each request was sent: what a loop that waits would have measured. */
  readonly latencyFromSending: Quantiles | undefined
  readonly curve: readonly CurvePoint[]
  readonly histogram: readonly Span[]
  readonly timeline: readonly Moment[]
  /** The share of one core that this program used, 0 to 1: near 1 it measures itself, not the target. */
  readonly testerBusy: number
}

export interface SummaryFacts {
  readonly url: string
  readonly method: string
  readonly pace: PaceOptions
  readonly end: RunEnd
  readonly testerBusy: number
}

const histogramRows = 18

export function summaryOf(run: LoadRun, facts: SummaryFacts): Summary {
  const { recorder, sendingMs } = run
  return {
    ...facts,
    startedAt: new Date(run.startedAtMs).toISOString(),
    elapsedMs: Math.max(recorder.lastEndMs, sendingMs),
    sendingMs,
    answersPerSecond: sendingMs === 0 ? 0 : (recorder.answeredWhileSending / sendingMs) * 1000,
    counts: recorder.tally.counts(run.unsent),
    latency: recorder.latency.quantiles(),
    latencyFromSending: recorder.fromSending.quantiles(),
    curve: recorder.latency.curve(),
    histogram: recorder.timeline.total().spans(histogramRows),
    timeline: recorder.timeline.moments(),
  }
}

/** Whether the run was aborted, or nothing ever answered. */
export function isAborted({ end, counts }: Summary): boolean {
  return end === 'interrupted' || end === 'target gone' || (counts.sent > 0 && answered(counts) === 0)
}

export function answered({ completed, late, badStatus }: Counts): number {
  return completed + late + badStatus
}

/** All requests without a good answer in time. */
export function failed({ late, badStatus, errors, timedOut, unsent }: Counts): number {
  return late + badStatus + errors + timedOut + unsent
}
