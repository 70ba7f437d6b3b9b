import type { CallView } from '../../../src/gateway/admin/api.ts'

/** Milliseconds since the call began, onto a width. */
export interface Scale {
  readonly endMs: number
  readonly ticks: readonly number[]
  /** Undefined where the deadline lies too far away to be drawn beside what happened. */
  readonly deadlineMs: number | undefined
  at(ms: number): number
}

export function scaleOf(call: CallView, widthPx: number): Scale {
  const last = Math.max(1, call.durationMs, ...call.attempts.map(({ startedMs, endedMs }) => endedMs ?? startedMs))
  // Further away than that it would press all that happened into the left half.
  const deadlineMs = call.deadlineMs !== undefined && call.deadlineMs <= last * 2 ? call.deadlineMs : undefined
  const endMs = Math.max(last, deadlineMs ?? 0) * 1.02
  return { endMs, deadlineMs, ticks: ticksTo(endMs, widthPx), at: (ms) => (Math.min(ms, endMs) / endMs) * widthPx }
}

/** Round values, so far apart that their labels do not touch. */
function ticksTo(endMs: number, widthPx: number): readonly number[] {
  const most = Math.max(1, Math.floor(widthPx / 80))
  const raw = endMs / most
  const power = 10 ** Math.floor(Math.log10(raw))
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10) * power
  const count = Math.floor(endMs / step)
  return Array.from({ length: count + 1 }, (_, place) => place * step)
}
