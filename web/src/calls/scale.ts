import type { CallView } from '../../../src/admin/api.ts'
import { ms } from '../format.ts'

/** Maps milliseconds since the start of the call to a width. */
export interface Scale {
  readonly endMs: number
  readonly ticks: readonly number[]
  /** With as many decimals as the tick spacing needs. */
  tickText(tick: number): string
  /** False if the label would touch that of the deadline. */
  isLabelled(tick: number): boolean
  /** Undefined if the deadline is too far away to be drawn beside the events. */
  readonly deadlineMs: number | undefined
  readonly deadlineText: string
  at(ms: number): number
  /** How a label at this place lies beside it, so that it does not leave the drawing. */
  anchorAt(xPx: number): Anchor
}

export type Anchor = 'start' | 'middle' | 'end'

/** The widest characters of a label, at its font size of 12 px, and the space between two labels. */
const labelPx = { perCharacter: 7.6, gap: 8 }

export function scaleOf(call: CallView, widthPx: number): Scale {
  const last = Math.max(1, call.durationMs, ...call.attempts.map(({ startedMs, endedMs }) => endedMs ?? startedMs))
  // A deadline further away would squeeze all events into the left half.
  const deadlineMs = call.deadlineMs !== undefined && call.deadlineMs <= last * 2 ? call.deadlineMs : undefined
  const endMs = Math.max(last, deadlineMs ?? 0) * 1.02
  const step = stepTo(endMs, widthPx)
  const ticks = Array.from({ length: Math.floor(endMs / step) + 1 }, (_, index) => index * step)
  const tickText = textOf(endMs, step)
  const deadlineText = deadlineMs === undefined ? '' : `deadline ${ms(deadlineMs)}`
  const at = (ms: number): number => (Math.min(ms, endMs) / endMs) * widthPx
  const anchorAt = (xPx: number): Anchor => (xPx < 30 ? 'start' : xPx > widthPx - 50 ? 'end' : 'middle')
  const spanOf = (xPx: number, text: string): readonly [number, number] => {
    const width = text.length * labelPx.perCharacter
    const start = { start: xPx, middle: xPx - width / 2, end: xPx - width }[anchorAt(xPx)]
    return [start - labelPx.gap / 2, start + width + labelPx.gap / 2]
  }
  return {
    endMs,
    deadlineMs,
    deadlineText,
    ticks,
    tickText,
    isLabelled: (tick) => {
      if (deadlineMs === undefined) return true
      const [start, end] = spanOf(at(tick), tickText(tick))
      const [deadlineStart, deadlineEnd] = spanOf(at(deadlineMs), deadlineText)
      return end <= deadlineStart || start >= deadlineEnd
    },
    at,
    anchorAt,
  }
}

/** A round step, large enough that labels do not touch. */
function stepTo(endMs: number, widthPx: number): number {
  const most = Math.max(1, Math.floor(widthPx / 80))
  const raw = endMs / most
  const power = 10 ** Math.floor(Math.log10(raw))
  return ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10) * power
}

/** One unit for the whole axis, with enough decimals to tell two ticks apart. */
function textOf(endMs: number, stepMs: number): (tick: number) => string {
  const [unitMs, unit] = endMs < 10_000 ? [1, 'ms'] : endMs < 120_000 ? [1000, 's'] : [60_000, 'min']
  const step = stepMs / unitMs
  // Ten times finer if a step is not round in its unit: five seconds are not, in minutes.
  const exact = Math.max(0, -Math.floor(Math.log10(step) + 1e-9))
  const decimals = unit === 'min' && step < 1 ? exact + 1 : exact
  return (tick) => `${Number((tick / unitMs).toFixed(decimals))} ${unit}`
}
