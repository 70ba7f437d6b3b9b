import { useState } from 'preact/hooks'
import type { DeliveryListView, DeliveryView } from '../../../src/admin/api.ts'
import { moment } from '../format.ts'
import { live } from '../live.ts'
import { hrefOf, place } from '../location.ts'
import { DeliveryActions } from '../parts/delivery-actions.tsx'
import { Id } from '../parts/id.tsx'
import { Legs } from '../parts/legs.tsx'
import { useNow } from '../parts/now.ts'
import { Pager } from '../parts/pager.tsx'
import { Path } from '../parts/path.tsx'
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
  const search = new URLSearchParams({ limit: '25' })
  for (const [name, value] of Object.entries(chosen)) if (value !== '') search.set(name, value)
  const { data, fault, reload } = useResource<DeliveryListView>(`api/deliveries?${search}`, 2_000)
  const isFiltered = Object.values(chosen).some((value) => value !== '')
  return (
    <>
      <div class="page-head">
        <h1>Deliveries</h1>
        <p role="status" class="said">
          {said}
        </p>
      </div>
      <Filters chosen={chosen} />
      <Loaded data={data} fault={fault}>
        {({ deliveries, next }) => (
          <>
            {deliveries.length === 0 ? (
              <Empty title={isFiltered ? 'No delivery matches.' : 'There is no delivery yet.'}>
                {isFiltered ? <a href={hrefOf('deliveries')}>Show all</a> : 'Writes to broadcast routes appear here.'}
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
            <Pager
              newest={chosen['before'] === '' ? undefined : hrefOf('deliveries', { ...chosen, before: '' })}
              older={
                next === undefined || next === null
                  ? undefined
                  : hrefOf('deliveries', { ...chosen, before: String(next) })
              }
            />
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
  { title: 'Delivery', term: 'delivery' },
  { title: 'Accepted', kind: 'told' },
  { title: 'Route', kind: 'told' },
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
          <th scope="row">
            <a href={hrefOf('deliveries', {}, id)}>
              <Id text={id} />
            </a>
            <span class="under told-narrow">{moment(createdAt, now)}</span>
            <span class="under told-narrow">
              <Path text={route} />
            </span>
          </th>
          <td class="told nowrap">{moment(createdAt, now)}</td>
          <td class="told">
            <Path text={route} />
          </td>
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
