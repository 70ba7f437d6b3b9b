import { count } from '../format.ts'
import { fillOf, outcomeNames, outcomeOrder } from './patterns.tsx'

interface OutcomeBarProps {
  readonly outcomes: Readonly<Record<string, number>>
  /** The text to show if there are no outcomes. */
  readonly empty: string
}

/** Shares as one bar, and each with its count in words. */
export function OutcomeBar({ outcomes, empty }: OutcomeBarProps) {
  const there = outcomeOrder.filter((outcome) => (outcomes[outcome] ?? 0) > 0)
  const sum = there.reduce((sum, outcome) => sum + (outcomes[outcome] ?? 0), 0)
  if (sum === 0) return <span class="quiet">{empty}</span>
  let before = 0
  const pieces = there.map((outcome) => {
    const start = before
    const width = ((outcomes[outcome] ?? 0) / sum) * 100
    before += width
    return { outcome, start, width }
  })
  return (
    <div class="outcomes">
      <svg class="outcome-bar" width="100%" height="14" aria-hidden="true">
        {pieces.map(({ outcome, start, width }) => (
          <rect key={outcome} x={`${start}%`} width={`${width}%`} height="14" fill={fillOf(outcome)} />
        ))}
      </svg>
      <ul class="legend">
        {there.map((outcome) => (
          <li key={outcome}>
            <Swatch outcome={outcome} /> {outcomeNames[outcome]} {count(outcomes[outcome] ?? 0)}
          </li>
        ))}
      </ul>
    </div>
  )
}

export function Swatch({ outcome }: { readonly outcome: string }) {
  return (
    <svg class="swatch" width="12" height="12" aria-hidden="true">
      <rect width="12" height="12" rx="2" fill={fillOf(outcome)} />
    </svg>
  )
}
