import type { TicketListView, WaiterListView } from '../../../src/admin/api.ts'
import { bytes, clock, count, fromNow, moment } from '../format.ts'
import { useNow } from '../parts/now.ts'
import { Empty, Loaded } from '../parts/state.tsx'
import { Table } from '../parts/table.tsx'
import { useResource } from '../resource.ts'

export function WaitersPage() {
  return (
    <>
      <h1>Waiters and tickets</h1>
      <section>
        <h2>Waiters</h2>
        <p class="quiet">Calls that are held open until their callback arrives.</p>
        <Waiters />
      </section>
      <section>
        <h2>Tickets</h2>
        <p class="quiet">Where results that are late, or still to come, can be fetched.</p>
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
  { title: 'Deadline' },
]

function Waiters() {
  const { data, fault } = useResource<WaiterListView>('api/waiters', 2_000)
  const now = useNow()
  return (
    <Loaded data={data} fault={fault}>
      {({ open, waiters }) =>
        waiters.length === 0 ? (
          <Empty title="Nobody waits.">A call to a route with the callback strategy stands here while it waits.</Empty>
        ) : (
          <Table caption={`${count(open)} open, the oldest first`} columns={waiterColumns}>
            {waiters.map(({ id, route, state, startedAt, expiresAt }) => (
              <tr key={id}>
                <th scope="row">
                  <code>{id}</code>
                </th>
                <td class="path">{route}</td>
                <td>{state === 'acknowledged' ? '✓ acknowledged by the backend' : '◌ sent to the backend'}</td>
                <td>{clock(startedAt)}</td>
                <td>{fromNow(expiresAt, now)}</td>
              </tr>
            ))}
          </Table>
        )
      }
    </Loaded>
  )
}

const ticketColumns = [
  { title: 'Ticket' },
  { title: 'Route' },
  { title: 'State' },
  { title: 'Made' },
  { title: 'Ends' },
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
                  <code>{ticket.id}</code>
                </th>
                <td class="path">{ticket.route}</td>
                <td>{ticket.state === 'ready' ? '✓ ready' : '◌ running'}</td>
                <td>{moment(ticket.createdAt, now)}</td>
                <td>{fromNow(ticket.expiresAt, now)}</td>
                <td class="number">{bytes(ticket.bytes)}</td>
              </tr>
            ))}
          </Table>
        )
      }
    </Loaded>
  )
}
