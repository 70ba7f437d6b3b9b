import type { AttemptView, CallView } from '../../../src/admin/api.ts'
import { labelOf } from '../calls/result.ts'
import { type Scale, scaleOf } from '../calls/scale.ts'
import { type Wait, waitOf } from '../calls/wait.ts'
import { ms } from '../format.ts'
import { fillOf } from './patterns.tsx'
import { useWidth } from './width.ts'

const row = { heightPx: 62, labelPx: 14, barTopPx: 21, barPx: 16, resultPx: 52 }
const topPx = 30
const sidePx = 6

/** Every attempt of a call, as a bar from when it was sent to when its outcome was known. */
export function Waterfall({ call }: { readonly call: CallView }) {
  const [box, width] = useWidth<HTMLDivElement>(720)
  const scale = scaleOf(call, Math.max(200, width - 2 * sidePx))
  const wait = waitOf(call)
  const { queuedMs } = call
  const firstRow = queuedMs === undefined ? 0 : 1
  const topOf = (place: number): number => topPx + (firstRow + place) * row.heightPx
  const rows = firstRow + call.attempts.length + (wait === undefined ? 0 : 1)
  const height = topPx + rows * row.heightPx + 6
  return (
    <div class="waterfall" ref={box}>
      <svg width={Math.max(200, width)} height={height} role="img" aria-labelledby="waterfall-title">
        <title id="waterfall-title">
          {`The ${call.attempts.length === 1 ? 'attempt' : `${call.attempts.length} attempts`} of this call over ${ms(call.durationMs)}; the table below has the same figures`}
        </title>
        <g transform={`translate(${sidePx} 0)`}>
          <Axis scale={scale} height={height} />
          {queuedMs === undefined ? null : (
            <WaitBar
              name="waited for its turn"
              wait={{ fromMs: 0, toMs: queuedMs, text: ms(queuedMs) }}
              scale={scale}
              top={topPx}
            />
          )}
          {call.attempts.map((attempt, place) => (
            <Bar key={attempt.number} {...{ attempt, call, scale }} top={topOf(place)} />
          ))}
          {/* The backend had accepted the work; its result was to arrive in another request. */}
          {wait === undefined ? null : (
            <WaitBar name="waited for its result" wait={wait} scale={scale} top={topOf(call.attempts.length)} />
          )}
          <Deadline scale={scale} height={height} />
        </g>
      </svg>
      {call.deadlineMs !== undefined && scale.deadlineMs === undefined ? (
        <p class="quiet">The deadline, {ms(call.deadlineMs)}, lies beyond the right edge.</p>
      ) : null}
    </div>
  )
}

function Axis({ scale, height }: { readonly scale: Scale; readonly height: number }) {
  return (
    <g class="axis">
      {scale.ticks.map((tick) => (
        <g key={tick}>
          <line x1={scale.at(tick)} x2={scale.at(tick)} y1={topPx - 8} y2={height} />
          {scale.isLabelled(tick) ? (
            <text x={scale.at(tick)} y={12} text-anchor={scale.anchorAt(scale.at(tick))}>
              {scale.tickText(tick)}
            </text>
          ) : null}
        </g>
      ))}
    </g>
  )
}

function Deadline({ scale, height }: { readonly scale: Scale; readonly height: number }) {
  if (scale.deadlineMs === undefined) return null
  const x = scale.at(scale.deadlineMs)
  return (
    <g class="deadline">
      <line x1={x} x2={x} y1={16} y2={height} />
      <text x={x} y={12} text-anchor={scale.anchorAt(x)}>
        {scale.deadlineText}
      </text>
    </g>
  )
}

interface BarProps {
  readonly attempt: AttemptView
  readonly call: CallView
  readonly scale: Scale
  readonly top: number
}

function Bar({ attempt, call, scale, top }: BarProps) {
  const { number, kind, target, outcome, won } = attempt
  const [from, to] = [scale.at(attempt.startedMs), scale.at(attempt.endedMs ?? call.durationMs)]
  const barWidth = Math.max(3, to - from)
  const middle = top + row.barTopPx + row.barPx / 2
  const isOpen = attempt.endedMs === undefined
  return (
    <g class={`bar ${outcome ?? 'open'}${won ? ' won' : ''}`}>
      <text class="who" x={0} y={top + row.labelPx}>
        {`${number} · ${kind === 'first' ? '' : `${kind} → `}${target}`}
      </text>
      <line class="track" x1={0} x2={scale.at(scale.endMs)} y1={middle} y2={middle} />
      {won && call.durationMs > (attempt.endedMs ?? call.durationMs) ? (
        <line class="body" x1={to} x2={scale.at(call.durationMs)} y1={middle} y2={middle} />
      ) : null}
      <rect
        x={from}
        y={top + row.barTopPx}
        width={barWidth}
        height={row.barPx}
        rx="3"
        fill={fillOf(outcome ?? 'cancelled')}
        stroke-dasharray={isOpen ? '4 3' : undefined}
      />
      <Mark attempt={attempt} x={Math.min(from + barWidth, scale.at(scale.endMs) - 8)} y={middle} />
      <text class="result" x={0} y={top + row.resultPx}>
        {labelOf(attempt, call)}
      </text>
    </g>
  )
}

interface WaitBarProps {
  readonly name: string
  readonly wait: Wait
  readonly scale: Scale
  readonly top: number
}

/** Time in which no target was asked. */
function WaitBar({ name, wait: { fromMs, toMs, text }, scale, top }: WaitBarProps) {
  const from = scale.at(fromMs)
  return (
    <g class="bar wait">
      <text class="who" x={0} y={top + row.labelPx}>
        {name}
      </text>
      <rect x={from} y={top + row.barTopPx} width={Math.max(3, scale.at(toMs) - from)} height={row.barPx} rx="3" />
      <text class="result" x={0} y={top + row.resultPx}>
        {text}
      </text>
    </g>
  )
}

/** A star for the winner, a cross for a failure. */
function Mark({
  attempt: { won, outcome },
  x,
  y,
}: {
  readonly attempt: AttemptView
  readonly x: number
  readonly y: number
}) {
  if (won)
    return (
      <path
        class="mark won"
        transform={`translate(${x} ${y})`}
        d="M0-11 3-4 10.500-3.400 4.800 1.500 6.500 9 0 5-6.500 9-4.800 1.500-10.500-3.400-3-4Z"
      />
    )
  if (outcome === undefined || outcome === 'success' || outcome === 'cancelled') return null
  return <path class="mark failed" transform={`translate(${x} ${y})`} d="M-5-5 5 5M5-5-5 5" />
}
