/**
 * How an adaptive limit follows the time that calls take: as Gradient2 of Netflix's concurrency-limits does
 * (`Gradient2Limit.java`; "Performance Under Load", 2018). As long as calls take about as long as they usually do the
 * limit grows by a few calls that may wait at the target; when they take longer it shrinks in proportion.
 *
 * Taken from there: tolerance 1.5, a queue of 4, smoothing 0.2, no growth while less than half of the limit is used, the
 * long-term mean over 600 windows with the plain mean of the first 10, and its shrinking by a tenth where it is more than
 * twice the present time. The backoff by 0.9 is that of their `AIMDLimit`.
 *
 * Ours: while calls are shed, the long-term mean learns ten times more slowly. A lasting overload would else become what
 * is usual within a minute, and the limit would grow along with it.
 */
export interface GradientRules {
  readonly min: number
  readonly max: number
  /** So much longer than usual is no overload yet. */
  readonly tolerance: number
}

export interface GradientState {
  readonly limit: number
  /** The long-term mean; 0 before the first window. */
  readonly usualMs: number
  /** Windows that it was made from, as far as that matters. */
  readonly windows: number
}

/** What a window of calls has shown. */
export interface GradientWindow {
  /** Mean time of the calls that were answered; undefined where none was. */
  readonly meanMs: number | undefined
  /** Whether at any time at least half of the limit was in flight. */
  readonly isUsed: boolean
  /** Whether calls had to be shed. */
  readonly isSaturated: boolean
  /** Share of the calls that failed as targets are overloaded: 429, 503, time-outs. */
  readonly failedShare: number
}

const queueSize = 4
const smoothing = 0.2
const steepest = 0.5
const warmUpWindows = 10
const usualWindows = 600
const saturatedWindows = 6000
const backoff = 0.9
/** A few time-outs are every backend's. */
const toleratedFailures = 0.1

export function nextState(state: GradientState, window: GradientWindow, rules: GradientRules): GradientState {
  const { meanMs, isUsed, failedShare } = window
  const learnt = meanMs === undefined ? state : learn(state, meanMs, window.isSaturated)
  const limit = bounded(limitAfter(), rules)
  return { ...learnt, limit }

  function limitAfter(): number {
    if (failedShare > toleratedFailures) return state.limit * backoff
    if (!isUsed || meanMs === undefined) return state.limit
    const gradient = Math.max(steepest, Math.min(1, (rules.tolerance * learnt.usualMs) / Math.max(meanMs, 1e-3)))
    return state.limit * (1 - smoothing) + (state.limit * gradient + queueSize) * smoothing
  }
}

function learn(state: GradientState, meanMs: number, isSaturated: boolean): GradientState {
  if (state.windows < warmUpWindows) {
    const windows = state.windows + 1
    return { ...state, windows, usualMs: state.usualMs + (meanMs - state.usualMs) / windows }
  }
  const share = 2 / ((isSaturated && meanMs > state.usualMs ? saturatedWindows : usualWindows) + 1)
  const usualMs = state.usualMs + (meanMs - state.usualMs) * share
  return { ...state, usualMs: usualMs > 2 * meanMs ? usualMs * 0.9 : usualMs }
}

function bounded(limit: number, { min, max }: GradientRules): number {
  return Math.min(max, Math.max(min, limit))
}
