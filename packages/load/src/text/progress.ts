import type { LoadRun } from '../load-run.ts'
import type { Interval } from '../recorder.ts'
import { formatCount, formatMs, formatRate } from './format.ts'

/** Current state: rate and latency since the last such line, everything else since the start. */
export function progressLine(run: LoadRun, interval: Interval): string {
  const { completed, late, badStatus, errors, timedOut, inFlight } = run.recorder.tally.counts(0)
  const perSecond = interval.widthMs === 0 ? 0 : (interval.ended / interval.widthMs) * 1000
  return [
    `${Math.round(run.nowMs / 1000)} s`,
    `${formatRate(perSecond)}/s`,
    `p50 ${formatMs(interval.p50Ms)}`,
    `p99 ${formatMs(interval.p99Ms)}`,
    `in flight ${formatCount(inFlight)}`,
    // One or two always wait for the next tick of the timer.
    ...(run.unsent > 9 ? [`waiting ${formatCount(run.unsent)}`] : []),
    `completed ${formatCount(completed)}`,
    `failed ${formatCount(badStatus + errors)}`,
    `timed out ${formatCount(timedOut)}`,
    ...(late > 0 ? [`late ${formatCount(late)}`] : []),
  ].join('  ')
}
