import type { CallListView } from '../../../src/admin/api.ts'
import { live } from '../live.ts'
import { hrefOf, place } from '../location.ts'
import { CallsTable } from '../parts/calls-table.tsx'
import { Pager } from '../parts/pager.tsx'
import { Select } from '../parts/select.tsx'
import { Empty, Loaded } from '../parts/state.tsx'
import { useResource } from '../resource.ts'
import { useStore } from '../store.ts'

const lists = { failed: 'Failed', slow: 'Slowest' } as const

const pageSize = 25
/** The API lists no more. */
const maxCalls = 1000

export function CallsPage() {
  const { query } = useStore(place)
  const { overview } = useStore(live)
  const which = query.get('which') === 'slow' ? 'slow' : 'failed'
  const route = query.get('route') ?? ''
  const first = Math.min(wholeNumber(query.get('from')), maxCalls - pageSize)
  const end = first + pageSize
  // One more says whether there is a next page.
  const limit = Math.min(end + 1, maxCalls)
  const search = new URLSearchParams({ which, limit: String(limit), ...(route === '' ? {} : { route }) })
  // Later pages stay as they are: new calls would push others off them while they are read.
  const { data, fault } = useResource<CallListView>(`api/calls?${search}`, first === 0 ? 2_000 : undefined)
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
          calls.length > first ? (
            <>
              <CallsTable caption={`${lists[which]} calls`} calls={calls.slice(first, end)} />
              <Pager
                newest={first === 0 ? undefined : hrefOf('calls', { which, route })}
                older={calls.length > end ? hrefOf('calls', { which, route, from: String(end) }) : undefined}
              />
            </>
          ) : which === 'failed' ? (
            <Empty title="No failed call is recorded.">
              When one fails, open it here to see which target made it fail, and why.
            </Empty>
          ) : (
            <Empty title="No call is recorded yet.">
              Send one through the gateway: it appears here within two seconds.
            </Empty>
          )
        }
      </Loaded>
    </>
  )
}

/** 0 if it is none: anyone may edit the URL. */
function wholeNumber(text: string | null): number {
  return text !== null && /^\d{1,6}$/.test(text) ? Number(text) : 0
}
