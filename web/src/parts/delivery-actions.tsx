import type { LegView } from '../../../src/admin/api.ts'
import { request } from '../api.ts'
import { Confirm } from './confirm.tsx'

interface DeliveryActionsProps {
  readonly id: string
  readonly legs: readonly LegView[]
  /** Limits the actions to the leg to this target. */
  readonly target?: string
  readonly done: (what: string) => void
}

/** Replay for dead legs, discard for dead or pending ones. */
export function DeliveryActions({ id, legs, target, done }: DeliveryActionsProps) {
  const namesIn = (...states: readonly LegView['state'][]): string =>
    legs.flatMap(({ target, state }) => (states.includes(state) ? [target] : [])).join(', ')
  const [dead, open] = [namesIn('dead'), namesIn('dead', 'pending')]
  const about = target === undefined ? `delivery ${id}` : `to ${target}`
  const query = target === undefined ? '' : `?${new URLSearchParams({ target })}`
  const act = async (what: 'replay' | 'discard'): Promise<void> => {
    await request(`api/deliveries/${encodeURIComponent(id)}/${what}${query}`, { method: 'POST' })
    done(what === 'replay' ? `Sent again to ${dead}.` : `Discarded for ${open}.`)
  }
  return (
    <span class="actions">
      {dead === '' ? null : (
        <Confirm label="Replay" about={about} title="Send it again?" act={() => act('replay')}>
          <p>
            The write is sent to <strong>{dead}</strong> again. Its attempts count from zero.
          </p>
        </Confirm>
      )}
      {open === '' ? null : (
        <Confirm label="Discard" about={about} title="Discard it?" danger act={() => act('discard')}>
          <p>
            <strong>{open}</strong> will never get this write. This cannot be undone.
          </p>
        </Confirm>
      )}
    </span>
  )
}
