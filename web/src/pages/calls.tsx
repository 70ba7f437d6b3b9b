import type { CallListView } from '../../../src/admin/api.ts'
import { live } from '../live.ts'
import { hrefOf, place } from '../location.ts'
import { CallsTable } from '../parts/calls-table.tsx'
import { Select } from '../parts/select.tsx'
import { Empty, Loaded } from '../parts/state.tsx'
import { useResource } from '../resource.ts'
import { useStore } from '../store.ts'

const lists = { failed: 'Failed', slow: 'Slowest' } as const

export function CallsPage() {
  const { query } = useStore(place)
  const { overview } = useStore(live)
  const which = query.get('which') === 'slow' ? 'slow' : 'failed'
  const route = query.get('route') ?? ''
  const search = new URLSearchParams({ which, limit: '100', ...(route === '' ? {} : { route }) })
  const { data, fault } = useResource<CallListView>(`api/calls?${search}`, 2_000)
  const move = (chosen: string): void => {
    location.hash = hrefOf('calls', { which, route: chosen })
  }
  return (
    <>
      <h1>Calls</h1>
      <div class="filters">
        <nav class="tabs" aria-label="Which calls">
          {Object.entries(lists).map(([name, title]) => (
            <a
              key={name}
              href={hrefOf('calls', { which: name, route })}
              aria-current={name === which ? 'true' : undefined}
            >
              {title}
            </a>
          ))}
        </nav>
        <Select
          label="Route"
          value={route}
          all="all routes"
          options={(overview?.routes ?? []).map(({ name }) => name)}
          choose={move}
        />
      </div>
      <Loaded data={data} fault={fault}>
        {({ calls }) =>
          calls.length > 0 ? (
            <CallsTable caption={`${lists[which]} calls`} calls={calls} />
          ) : which === 'failed' ? (
            <Empty title="No failed call is recorded.">
              When one fails, open it here to see which backend made it fail, and why.
            </Empty>
          ) : (
            <Empty title="No call is recorded yet.">
              Send one through the gateway: it stands here within two seconds.
            </Empty>
          )
        }
      </Loaded>
    </>
  )
}
