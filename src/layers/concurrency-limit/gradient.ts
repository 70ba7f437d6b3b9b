/**
 * How an adaptive limit follows the latency of calls: like Gradient2 of Netflix's concurrency-limits
 * (`Gradient2Limit.java`; "Performance Under Load", 2018). While calls take about as long as usual, the limit grows by
 * a few calls that may wait at the target; when calls take longer, it shrinks in proportion.
 *
 * From Gradient2: tolerance 1.5, a queue of 4, smoothing 0.2, no growth while less than half of the limit is used, a
 * long-term mean over 600 windows that starts as the plain mean of the first 10, and its decay by a tenth when it is
 * more than twice the present time. The backoff factor 0.9 comes from their `AIMDLimit`.
 *
 * Our own: while calls are shed, the long-term mean learns ten times more slowly. Otherwise a lasting overload would
 * become the usual state within a minute, and the limit would grow with it.
 */
export interface GradientRules {
  readonly min: number
  readonly max: number
  /** Up to this multiple of the usual time, the target is not overloaded. */
  readonly tolerance: number
}

export interface GradientState {
  readonly limit: number
  /** The long-term mean; 0 before the first window. */
  readonly usualMs: number
  /** Number of windows in the mean, counted only as far as it matters. */
  readonly windows: number
}

/** Measurements of one window of calls. */
export interface GradientWindow {
  /** Mean time of the answered calls; undefined if there were none. */
  readonly meanMs: number | undefined
  /** Whether at least half of the limit was in flight at any time. */
  readonly isUsed: boolean
  /** Whether calls had to be shed. */
  readonly isSaturated: boolean
  /** Share of the calls that failed because of overload: 429, 503, timeouts. */
  readonly failedShare: number
}

const queueSize = 4
const smoothing = 0.2
const steepest = 0.5
const warmUpWindows = 10
const usualWindows = 600
const saturatedWindows = 6000
const backoff = 0.9
/** Every backend has a few timeouts. */
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
