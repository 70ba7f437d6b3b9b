import type { CallView } from '../../../src/admin/api.ts'
import { scaleOf } from '../calls/scale.ts'
import { fillOf } from './patterns.tsx'

const size = { widthPx: 132, rowPx: 10, barPx: 7 }
/** More attempts would make its row taller than its text. */
const maxBars = 5

/** The race of a call at a glance; its sentence is next to it, and its page shows it in full. */
export function SmallRace({ call }: { readonly call: CallView }) {
  const { attempts, durationMs } = call
  if (attempts.length === 0) return null
  const scale = scaleOf(call, size.widthPx)
  const shown = attempts.slice(0, maxBars)
  const height = shown.length * size.rowPx + 2
  return (
    <svg class="small-race" width={size.widthPx} height={height} aria-hidden="true">
      {shown.map(({ number, startedMs, endedMs, outcome, won }, row) => {
        const [from, to] = [scale.at(startedMs), scale.at(endedMs ?? durationMs)]
        const y = row * size.rowPx + 2
        return (
          <g key={number}>
            <line x1={0} x2={size.widthPx} y1={y + size.barPx / 2} y2={y + size.barPx / 2} />
            <rect
              class={won && outcome === 'success' ? 'won' : undefined}
              x={Math.min(from, size.widthPx - 3)}
              y={y}
              width={Math.max(3, to - from)}
              height={size.barPx}
              rx="2"
              fill={fillOf(outcome ?? 'cancelled')}
            />
          </g>
        )
      })}
      {scale.deadlineMs === undefined ? null : (
        <line class="deadline" x1={scale.at(scale.deadlineMs)} x2={scale.at(scale.deadlineMs)} y1={0} y2={height} />
      )}
    </svg>
  )
}
