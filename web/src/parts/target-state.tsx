import type { TargetView } from '../../../src/admin/api.ts'
import { askedBecause } from '../asked-because.ts'
import { ago, fromNow } from '../format.ts'
import { Term } from './term.tsx'

const reasons: Readonly<Record<TargetView['out'][number]['why'], string>> = {
  ejected: 'ejected',
  unhealthy: 'fails its checks',
  resting: 'asked for a rest',
  breaker_open: 'breaker open',
}

type Known = Pick<TargetView, 'available' | 'out' | 'breaker' | 'lastCheck'>

/** Whether a target gets attempts, and why not: in words, so that nothing depends on colour alone. */
export function TargetState({ target, now }: { readonly target: Known; readonly now: Date }) {
  const { available, out, breaker, lastCheck } = target
  const because = askedBecause(target)
  return (
    <>
      <span class={`chip ${available ? 'good' : 'bad'}`}>{available ? 'available' : 'out'}</span>
      {out.map(({ why, until }) => (
        <span key={why} class="under">
          <Reason why={why} />
          {until === undefined ? '' : <span class="quiet"> (ends {fromNow(until, now)})</span>}
        </span>
      ))}
      {because !== undefined && <span class="quiet under">gets attempts all the same: {because}</span>}
      {breaker === 'half_open' && (
        <span class="under">
          <Term name="breaker">breaker</Term> half open
        </span>
      )}
      {lastCheck !== undefined && (
        <span class="quiet under">
          last check {ago(lastCheck.at, now)}: {lastCheck.detail}
        </span>
      )}
    </>
  )
}

function Reason({ why }: { readonly why: TargetView['out'][number]['why'] }) {
  if (why === 'ejected') return <Term name="ejected">{reasons[why]}</Term>
  if (why === 'breaker_open') return <Term name="breaker">{reasons[why]}</Term>
  return <>{reasons[why]}</>
}
