import type { LegView } from '../../../src/admin/api.ts'
import { fromNow } from '../format.ts'
import { Term } from './term.tsx'

const marks: Readonly<Record<LegView['state'], string>> = { pending: '◌', acknowledged: '✓', dead: '✕', discarded: '–' }
const kinds: Readonly<Record<LegView['state'], string>> = {
  pending: 'warn',
  acknowledged: 'good',
  dead: 'bad',
  discarded: '',
}
const words: Readonly<Record<LegView['state'], string>> = {
  pending: 'pending',
  acknowledged: 'acknowledged',
  dead: 'dead letter',
  discarded: 'discarded',
}

export function LegState({ state }: { readonly state: LegView['state'] }) {
  return (
    <span class={`chip ${kinds[state]}`}>
      <span aria-hidden="true">{marks[state]}</span>{' '}
      {state === 'dead' ? <Term name="dead letter">{words[state]}</Term> : words[state]}
    </span>
  )
}

/** Every target of a delivery, with its progress. */
export function Legs({ legs, now }: { readonly legs: readonly LegView[]; readonly now: Date }) {
  return (
    <ul class="legs">
      {legs.map((leg) => (
        <li key={leg.target}>
          <span class="nowrap">
            {leg.target} <LegState state={leg.state} />
          </span>{' '}
          {isPlain(leg) ? null : <span class="quiet">{progressOf(leg, now)}</span>}
        </li>
      ))}
    </ul>
  )
}

/** Most writes are acknowledged at the first attempt. */
function isPlain({ state, attempts }: LegView): boolean {
  return state === 'acknowledged' && attempts === 1
}

function progressOf({ state, attempts, nextAttemptAt, waitsFor }: LegView, now: Date): string {
  const made = attempts === 1 ? '1 attempt' : `${attempts} attempts`
  if (state === 'pending' && waitsFor === 'turn') return `${made}, waiting behind earlier writes`
  if (state !== 'pending' || nextAttemptAt === undefined) return made
  const isDue = Date.parse(nextAttemptAt) <= now.getTime()
  return `${made}, next ${isDue ? 'now' : fromNow(nextAttemptAt, now)}`
}

/** The result of the last attempt. */
export function lastAnswerOf({ outcome, status, detail }: LegView): string {
  if (detail !== undefined) return detail
  if (status !== undefined) return `answered ${status}`
  return outcome ?? 'no attempt yet'
}
