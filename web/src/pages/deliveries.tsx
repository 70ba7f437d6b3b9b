import { useState } from 'preact/hooks'
import type { DeliveryListView, DeliveryView } from '../../../src/admin/api.ts'
import { moment } from '../format.ts'
import { live } from '../live.ts'
import { hrefOf, place } from '../location.ts'
import { DeliveryActions } from '../parts/delivery-actions.tsx'
import { Legs } from '../parts/legs.tsx'
import { useNow } from '../parts/now.ts'
import { Select } from '../parts/select.tsx'
import { Empty, Loaded } from '../parts/state.tsx'
import { Table } from '../parts/table.tsx'
import { useResource } from '../resource.ts'
import { useStore } from '../store.ts'

const states = ['pending', 'acknowledged', 'dead', 'discarded']

export function DeliveriesPage() {
  const { query } = useStore(place)
  const [said, setSaid] = useState('')
  const chosen = Object.fromEntries(['state', 'target', 'route', 'before'].map((name) => [name, query.get(name) ?? '']))
  const search = new URLSearchParams({ limit: '50' })
  for (const [name, value] of Object.entries(chosen)) if (value !== '') search.set(name, value)
  const { data, fault, reload } = useResource<DeliveryListView>(`api/deliveries?${search}`, 2_000)
  const isFiltered = Object.values(chosen).some((value) => value !== '')
  return (
    <>
      <h1>Deliveries</h1>
      <Filters chosen={chosen} />
      <p role="status" class="said">
        {said}
      </p>
      <Loaded data={data} fault={fault}>
        {({ deliveries, next }) => (
          <>
            {deliveries.length === 0 ? (
              <Empty title={isFiltered ? 'No delivery fits.' : 'There is no delivery yet.'}>
                {isFiltered ? (
                  <a href={hrefOf('deliveries')}>Show all</a>
                ) : (
                  'A write to a route with the broadcast strategy stands here.'
                )}
              </Empty>
            ) : (
              <List
                deliveries={deliveries}
                done={(what) => {
                  setSaid(what)
                  reload()
                }}
              />
            )}
            <p class="pager">
              {chosen['before'] === '' ? null : <a href={hrefOf('deliveries', { ...chosen, before: '' })}>Newest</a>}
              {next === undefined || next === null ? null : (
                <a href={hrefOf('deliveries', { ...chosen, before: String(next) })}>Older</a>
              )}
            </p>
          </>
        )}
      </Loaded>
    </>
  )
}

function Filters({ chosen }: { readonly chosen: Readonly<Record<string, string>> }) {
  const { overview } = useStore(live)
  const routes = overview?.routes.filter(({ strategy }) => strategy === 'broadcast') ?? []
  const upstreams = new Set(routes.flatMap((route) => route.upstreams))
  const targets = new Set(overview?.figures.targets.flatMap((one) => (upstreams.has(one.upstream) ? [one.target] : [])))
  const move = (name: string) => (value: string) => {
    location.hash = hrefOf('deliveries', { ...chosen, before: '', [name]: value })
  }
  return (
    <div class="filters">
      <Select label="State" value={chosen['state'] ?? ''} all="any" options={states} choose={move('state')} />
      <Select label="Target" value={chosen['target'] ?? ''} all="any" options={[...targets]} choose={move('target')} />
      <Select
        label="Route"
        value={chosen['route'] ?? ''}
        all="any"
        options={routes.map(({ name }) => name)}
        choose={move('route')}
      />
    </div>
  )
}

const columns = [
  { title: 'Accepted' },
  { title: 'Delivery' },
  { title: 'Route' },
  { title: 'Targets', kind: 'wide' },
  { title: 'Actions' },
] as const

function List({
  deliveries,
  done,
}: {
  readonly deliveries: readonly DeliveryView[]
  readonly done: (what: string) => void
}) {
  const now = useNow()
  return (
    <Table caption="Deliveries, the newest first" captionUnseen columns={columns}>
      {deliveries.map(({ id, route, createdAt, targets }) => (
        <tr key={id}>
          <td class="nowrap">{moment(createdAt, now)}</td>
          <th scope="row">
            <a href={hrefOf('deliveries', {}, id)}>
              <code>{id}</code>
            </a>
          </th>
          <td class="path">{route}</td>
          <td class="wide">
            <Legs legs={targets} now={now} />
          </td>
          <td>
            <DeliveryActions id={id} legs={targets} done={done} />
          </td>
        </tr>
      ))}
    </Table>
  )
}
