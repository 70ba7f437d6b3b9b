import type { TicketListView, WaiterListView, WaiterView } from '../../../src/admin/api.ts'
import { bytes, clock, count, fromNow, moment } from '../format.ts'
import { Id } from '../parts/id.tsx'
import { useNow } from '../parts/now.ts'
import { Path } from '../parts/path.tsx'
import { Empty, Loaded } from '../parts/state.tsx'
import { Table } from '../parts/table.tsx'
import { useResource } from '../resource.ts'
import { terms } from '../terms.ts'

export function WaitersPage() {
  return (
    <>
      <h1>Waiters and tickets</h1>
      <section>
        <h2>Waiters</h2>
        <p class="quiet">{terms.waiter}</p>
        <Waiters />
      </section>
      <section>
        <h2>Tickets</h2>
        <p class="quiet">{terms.ticket}</p>
        <Tickets />
      </section>
    </>
  )
}

const waiterColumns = [
  { title: 'Waiter' },
  { title: 'Route' },
  { title: 'State' },
  { title: 'Since' },
  { title: 'Deadline', term: 'deadline' },
] as const

function Waiters() {
  const { data, fault } = useResource<WaiterListView>('api/waiters', 2_000)
  const now = useNow()
  return (
    <Loaded data={data} fault={fault}>
      {({ open, waiters }) =>
        waiters.length === 0 ? (
          <Empty title="No call is waiting.">A call to a callback route appears here while it waits.</Empty>
        ) : (
          <Table caption={`${count(open)} open, the oldest first`} columns={waiterColumns}>
            {waiters.map(({ id, route, state, startedAt, expiresAt }) => (
              <tr key={id}>
                <th scope="row">
                  <Id text={id} />
                </th>
                <td>
                  <Path text={route} />
                </td>
                <td>
                  <WaiterState state={state} isLate={Date.parse(expiresAt) < now.getTime()} />
                </td>
                <td>{clock(startedAt)}</td>
                <td class="nowrap">{fromNow(expiresAt, now)}</td>
              </tr>
            ))}
          </Table>
        )
      }
    </Loaded>
  )
}

function WaiterState({ state, isLate }: { readonly state: WaiterView['state']; readonly isLate: boolean }) {
  if (isLate) return <span class="bad">✕ past its deadline</span>
  return <>{state === 'acknowledged' ? '✓ acknowledged by the backend' : '◌ sent to the backend'}</>
}

const ticketColumns = [
  { title: 'Ticket' },
  { title: 'Route' },
  { title: 'State' },
  { title: 'Created' },
  { title: 'Expires' },
  { title: 'Size', kind: 'number' },
] as const

function Tickets() {
  const { data, fault } = useResource<TicketListView>('api/tickets', 2_000)
  const now = useNow()
  return (
    <Loaded data={data} fault={fault}>
      {({ kept, bytes: size, tickets }) =>
        tickets.length === 0 ? (
          <Empty title="There is no ticket.">
            A result that comes after its client's deadline is kept here for a while.
          </Empty>
        ) : (
          <Table caption={`${count(kept)} kept, ${bytes(size)}`} columns={ticketColumns}>
            {tickets.map((ticket) => (
              <tr key={ticket.id}>
                <th scope="row">
                  <Id text={ticket.id} />
                </th>
                <td>
                  <Path text={ticket.route} />
                </td>
                <td>{ticket.state === 'ready' ? '✓ ready' : '◌ running'}</td>
                <td class="nowrap">{moment(ticket.createdAt, now)}</td>
                <td class="nowrap">{fromNow(ticket.expiresAt, now)}</td>
                <td class="number">{bytes(ticket.bytes)}</td>
              </tr>
            ))}
          </Table>
        )
      }
    </Loaded>
  )
}
