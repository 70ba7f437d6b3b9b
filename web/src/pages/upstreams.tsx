import type { LiveFigures, UpstreamListView, UpstreamView } from '../../../src/gateway/admin/api.ts'
import { useResource } from '../api.ts'
import { lastSeconds, outcomesOf } from '../figures.ts'
import { count, counted, fromNow, ms } from '../format.ts'
import { live } from '../live.ts'
import { useNow } from '../parts/now.ts'
import { OutcomeBar } from '../parts/outcome-bar.tsx'
import { Empty, Loaded } from '../parts/state.tsx'
import { Table } from '../parts/table.tsx'
import { useStore } from '../store.ts'

export function UpstreamsPage() {
  const { data, fault } = useResource<UpstreamListView>('api/upstreams', 2_000)
  const { history } = useStore(live)
  const minute = lastSeconds(history, 60)
  return (
    <>
      <h1>Upstreams</h1>
      <Loaded data={data} fault={fault}>
        {({ upstreams }) =>
          upstreams.length === 0 ? (
            <Empty title="No upstream is configured.">
              Name one under <code>upstreams</code>, with its targets, and start again.
            </Empty>
          ) : (
            upstreams.map((upstream) => <Upstream key={upstream.name} upstream={upstream} minute={minute} />)
          )
        }
      </Loaded>
    </>
  )
}

const columns = [
  { title: 'Target' },
  { title: 'Outcomes of the last minute', kind: 'wide' },
  { title: 'In flight', kind: 'number' },
  { title: 'p50', kind: 'number' },
  { title: 'p99', kind: 'number' },
  { title: 'Attempts since the start', kind: 'number' },
  { title: 'Last failure', kind: 'wide' },
] as const

function Upstream({ upstream, minute }: { readonly upstream: UpstreamView; readonly minute: readonly LiveFigures[] }) {
  const { name, balance, connections, targets } = upstream
  const now = useNow()
  return (
    <section class="card">
      <div class="card-head">
        <h2>{name}</h2>
        <p>
          {balance}, {counted(connections.open, 'connection')} open, {count(connections.idle)} of them idle
        </p>
      </div>
      <Table caption={`Targets of ${name}`} captionUnseen columns={columns}>
        {targets.map((target) => (
          <tr key={target.name}>
            <th scope="row">
              {target.name}
              <span class="quiet under">{target.origin}</span>
            </th>
            <td class="wide">
              <OutcomeBar outcomes={outcomesOf(minute, name, target.name)} empty="no attempt" />
            </td>
            <td class="number">{count(target.inFlight)}</td>
            <td class="number">{ms(target.p50Ms)}</td>
            <td class="number">{ms(target.p99Ms)}</td>
            <td class="number">{count(target.attempts)}</td>
            <td class="wide">
              {target.lastFailure === undefined ? (
                <span class="quiet">none</span>
              ) : (
                <>
                  {target.lastFailure.detail} <span class="quiet">({fromNow(target.lastFailure.at, now)})</span>
                </>
              )}
            </td>
          </tr>
        ))}
      </Table>
    </section>
  )
}
