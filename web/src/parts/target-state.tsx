import type { TargetView } from '../../../src/admin/api.ts'
import { askedBecause } from '../asked-because.ts'
import { ago, fromNow } from '../format.ts'

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
          {reasons[why]}
          {until === undefined ? '' : <span class="quiet"> (ends {fromNow(until, now)})</span>}
        </span>
      ))}
      {because !== undefined && <span class="quiet under">gets attempts all the same: {because}</span>}
      {breaker === 'half_open' && <span class="under">breaker half open</span>}
      {lastCheck !== undefined && (
        <span class="quiet under">
          last check {ago(lastCheck.at, now)}: {lastCheck.detail}
        </span>
      )}
    </>
  )
}
