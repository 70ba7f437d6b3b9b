import { useMemo } from 'preact/hooks'
import type { UpstreamListView, UpstreamView } from '../../../src/admin/api.ts'
import { lastSeconds, outcomesByTarget } from '../figures.ts'
import { count, counted, fromNow, ms } from '../format.ts'
import { live } from '../live.ts'
import { OutcomeBar } from '../parts/outcome-bar.tsx'
import { useSettled } from '../parts/settled.ts'
import { Empty, Loaded } from '../parts/state.tsx'
import { Table } from '../parts/table.tsx'
import { TargetState } from '../parts/target-state.tsx'
import { useResource } from '../resource.ts'
import { useStore } from '../store.ts'

export function UpstreamsPage() {
  const { data, fault } = useResource<UpstreamListView>('api/upstreams', 2_000)
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
            <UpstreamList upstreams={upstreams} />
          )
        }
      </Loaded>
    </>
  )
}

/** There may be a thousand targets: data from two sources, arriving at different times, is drawn once a second. */
function UpstreamList({ upstreams }: UpstreamListView) {
  const { history } = useStore(live)
  const latest = useMemo(() => ({ upstreams, history }), [upstreams, history])
  const shown = useSettled(latest)
  return useMemo(() => {
    const outcomesOf = outcomesByTarget(lastSeconds(shown.history, 60))
    // By the gateway's own clock, like its failures.
    const last = shown.history.at(-1)?.at
    const now = last === undefined ? new Date() : new Date(last)
    return shown.upstreams.map((upstream) => <Upstream key={upstream.name} {...{ upstream, outcomesOf, now }} />)
  }, [shown])
}

const columns = [
  { title: 'Target' },
  { title: 'State' },
  { title: 'Outcomes of the last minute', kind: 'wide' },
  { title: 'In flight', kind: 'number' },
  { title: 'p50', kind: 'number' },
  { title: 'p99', kind: 'number' },
  { title: 'EWMA', kind: 'number' },
  { title: 'Attempts since the start', kind: 'number' },
  { title: 'Last failure', kind: 'wide' },
] as const

interface UpstreamProps {
  readonly upstream: UpstreamView
  readonly outcomesOf: ReturnType<typeof outcomesByTarget>
  readonly now: Date
}

function Upstream({ upstream, outcomesOf, now }: UpstreamProps) {
  const { name, balance, panicking, connections, targets } = upstream
  // Shown only if the balancer uses latency.
  const byLatency = targets.some(({ ewmaMs }) => ewmaMs !== undefined)
  return (
    <section class="card">
      <div class="card-head">
        <h2>{name}</h2>
        <p>
          {balance}, {counted(connections.open, 'connection')} open, {count(connections.idle)} of them idle
        </p>
        {panicking && <p class="chip bad">panic: too few targets are well, all are asked</p>}
      </div>
      <Table
        caption={`Targets of ${name}`}
        captionUnseen
        columns={columns.filter(({ title }) => byLatency || title !== 'EWMA')}
      >
        {targets.map((target) => (
          <tr key={target.name}>
            <th scope="row">
              {target.name}
              <span class="quiet under">{target.origin}</span>
            </th>
            <td>
              <TargetState {...{ target, now }} />
            </td>
            <td class="wide">
              <OutcomeBar outcomes={outcomesOf(name, target.name)} empty="no attempt" />
            </td>
            <td class="number">{count(target.inFlight)}</td>
            <td class="number">{ms(target.p50Ms)}</td>
            <td class="number">{ms(target.p99Ms)}</td>
            {byLatency && <td class="number">{ms(target.ewmaMs)}</td>}
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
