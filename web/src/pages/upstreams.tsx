import { useMemo } from 'preact/hooks'
import type { UpstreamListView, UpstreamView } from '../../../src/admin/api.ts'
import { lastSeconds, outcomesByTarget } from '../figures.ts'
import { ago, count, counted, ms } from '../format.ts'
import { live } from '../live.ts'
import { OutcomeBar } from '../parts/outcome-bar.tsx'
import { Path } from '../parts/path.tsx'
import { Empty, Loaded } from '../parts/state.tsx'
import { Table } from '../parts/table.tsx'
import { TargetState } from '../parts/target-state.tsx'
import { Term } from '../parts/term.tsx'
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

/**
 * Everything is drawn when the targets arrive: with figures of a later second, the last minute could have more attempts
 * than all the time since the start. There may be a thousand targets, too many to draw more often.
 */
function UpstreamList({ upstreams }: UpstreamListView) {
  const isLive = useStore(live).history.length > 0
  return useMemo(() => {
    const { history } = live.get()
    const outcomesOf = outcomesByTarget(lastSeconds(history, 60))
    // By the gateway's own clock, like its failures.
    const last = history.at(-1)?.at
    const now = last === undefined ? new Date() : new Date(last)
    return upstreams.map((upstream) => <Upstream key={upstream.name} {...{ upstream, outcomesOf, now }} />)
  }, [upstreams, isLive])
}

const columns = [
  { title: 'Target', kind: 'target' },
  { title: 'State', term: 'target state', kind: 'told state' },
  { title: 'Outcomes of the last minute', term: 'outcomes', kind: 'outcomes' },
  { title: 'In flight', term: 'in flight', kind: 'number' },
  { title: 'p50', term: 'p50', kind: 'number' },
  { title: 'p99', term: 'p99', kind: 'number' },
  { title: 'EWMA', term: 'ewma', kind: 'number' },
  { title: 'Since start', term: 'since start', kind: 'number since' },
  { title: 'Last failure', kind: 'failure' },
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
        {panicking && (
          <p class="chip bad">
            <Term name="panic">panic</Term>
          </p>
        )}
      </div>
      <Table
        caption={`Targets of ${name}`}
        captionUnseen
        aligned
        columns={columns.filter(({ title }) => byLatency || title !== 'EWMA')}
      >
        {targets.map((target) => (
          <tr key={target.name}>
            <th scope="row">
              {target.name}
              <span class="quiet under">
                <Path text={target.origin} />
              </span>
              <span class="told-narrow">
                <TargetState {...{ target, now }} />
              </span>
            </th>
            <td class="told">
              <TargetState {...{ target, now }} />
            </td>
            <td>
              <OutcomeBar outcomes={outcomesOf(name, target.name)} empty="no attempt" />
            </td>
            <td class="number">{count(target.inFlight)}</td>
            <td class="number">{ms(target.p50Ms)}</td>
            <td class="number">{ms(target.p99Ms)}</td>
            {byLatency && <td class="number">{ms(target.ewmaMs)}</td>}
            <td class="number">{count(target.attempts)}</td>
            <td>
              {target.lastFailure === undefined ? (
                <span class="quiet">none</span>
              ) : (
                <>
                  {target.lastFailure.detail} <span class="quiet nowrap">({ago(target.lastFailure.at, now)})</span>
                </>
              )}
            </td>
          </tr>
        ))}
      </Table>
    </section>
  )
}
