import { useMemo } from 'preact/hooks'
import type { CallListView, LiveFigures, OverviewView } from '../../../src/admin/api.ts'
import { callsIn, extraIn, lastSeconds, successShare, sumOf } from '../figures.ts'
import { bytes, count, counted, ms, rate, share } from '../format.ts'
import { live } from '../live.ts'
import { hrefOf } from '../location.ts'
import { CallsTable } from '../parts/calls-table.tsx'
import { Chart } from '../parts/chart.tsx'
import { Path } from '../parts/path.tsx'
import { Sparkline } from '../parts/sparkline.tsx'
import { Empty, Loaded } from '../parts/state.tsx'
import { Table } from '../parts/table.tsx'
import { Tile } from '../parts/tile.tsx'
import { useResource } from '../resource.ts'
import { useStore } from '../store.ts'

export function OverviewPage() {
  const { overview, history } = useStore(live)
  return (
    <>
      <h1>Overview</h1>
      {overview === undefined ? (
        <p class="quiet">Waiting for the gateway's figures …</p>
      ) : (
        <Seen {...{ overview, history }} />
      )}
    </>
  )
}

interface SeenProps {
  readonly overview: OverviewView
  readonly history: readonly LiveFigures[]
}

function Seen({ overview, history }: SeenProps) {
  return (
    <>
      <Tiles {...{ overview, history }} />
      <Charts history={history} />
      <section>
        <h2>Recent failures</h2>
        <Failures />
      </section>
      <section>
        <h2>Routes</h2>
        <RouteList routes={overview.routes} history={history} />
      </section>
      <p class="quiet">
        Hedgerow {overview.version}, running since{' '}
        {new Date(overview.startedAt).toLocaleString('en-CA', { hour12: false })}
      </p>
    </>
  )
}

function Tiles({ overview: { features, workers: configured }, history }: SeenProps) {
  const now = history.at(-1)
  const [minute, all] = [sumOf(lastSeconds(history, 60)), sumOf(history)]
  const tenSeconds = sumOf(lastSeconds(history, 10))
  if (now === undefined) return null
  const { total, process, deliveries, waiters, workers } = now
  const { min, max } = configured
  const extraLoad = all.calls === 0 ? undefined : all.extra / all.calls
  return (
    <>
      <dl class="tiles">
        <Tile
          name="Calls/s"
          value={rate(tenSeconds.calls / Math.max(1, tenSeconds.seconds))}
          note={`${count(total.inFlight)} in flight`}
        />
        <Tile
          name="Success"
          term="success"
          value={share(successShare(minute))}
          note={`${count(minute.failed)} failed in 1 min`}
          isBad={minute.failed > 0}
        />
        <Tile name="p50" term="p50" value={ms(total.p50Ms)} note="last 10 s" />
        <Tile name="p99" term="p99" value={ms(total.p99Ms)} note="last 10 s" />
        <Tile name="Extra load" term="extra load" value={share(extraLoad)} note={counted(all.extra, 'extra attempt')} />
        <Tile name="Rescued" term="rescued" value={count(all.rescued)} note={spanOf(history)} />
      </dl>
      <dl class="tiles side">
        {features.deliveries && deliveries !== undefined ? (
          <Tile
            name="Deliveries"
            term="delivery"
            value={count(deliveries.pending)}
            note={`${deliveries.pending === 1 ? 'send' : 'sends'} pending, ${counted(deliveries.dead, 'dead letter')}`}
            isBad={deliveries.dead > 0}
            href={hrefOf('deliveries')}
          />
        ) : null}
        {features.callbacks && waiters !== undefined ? (
          <Tile
            name="Waiters"
            term="waiter"
            value={count(waiters)}
            note={waiters === 1 ? 'call held open' : 'calls held open'}
            href={hrefOf('waiters')}
          />
        ) : null}
        <Tile
          name="Workers"
          term="worker"
          value={count(workers.running)}
          note={`of ${min === max ? '' : `${min} to `}${counted(max, 'thread')}, ${count(workers.died)} died`}
          isBad={workers.running < min}
        />
        <Tile name="Loop delay" term="loop delay" value={ms(process.loopDelayMs)} note="p99, last second" />
        <Tile
          name="Memory"
          value={bytes(process.memoryBytes)}
          note={counted(process.clientConnections, 'client connection')}
        />
      </dl>
    </>
  )
}

/** Sums cover the history, which grows to ten minutes. */
function spanOf(history: readonly LiveFigures[]): string {
  const minutes = Math.ceil(history.length / 60)
  return minutes === 1 ? 'calls, last minute' : `calls, last ${minutes} min`
}

function Charts({ history }: { readonly history: readonly LiveFigures[] }) {
  const lines = useMemo(() => {
    const of = (value: (figures: LiveFigures) => number | undefined) => history.map(value)
    const perSecond = (value: number | undefined): string => (value === undefined ? '–' : `${count(value)}/s`)
    return {
      times: history.map(({ at }) => Date.parse(at) / 1000),
      calls: [
        { label: 'calls', colour: 'accent', values: of(({ total }) => total.calls), format: perSecond },
        { label: 'failed', colour: 'bad', dash: [4, 3], values: of(({ total }) => total.failed), format: perSecond },
      ],
      latency: [
        { label: 'p50', colour: 'accent', values: of(({ total }) => total.p50Ms), format: ms },
        { label: 'p99', colour: 'violet', dash: [4, 3], values: of(({ total }) => total.p99Ms), format: ms },
      ],
      extra: [
        {
          label: 'extra attempts',
          colour: 'warn',
          dash: [4, 3],
          values: of(({ total }) => extraIn(total)),
          format: perSecond,
        },
        { label: 'rescued calls', colour: 'accent', values: of(({ total }) => total.rescued), format: perSecond },
      ],
    }
  }, [history])
  return (
    <div class="charts">
      <Chart title="Calls" times={lines.times} series={lines.calls} axis={count} />
      <Chart title="Latency" times={lines.times} series={lines.latency} axis={ms} />
      <Chart title="Extra load" times={lines.times} series={lines.extra} axis={count} />
    </div>
  )
}

function Failures() {
  const { data, fault } = useResource<CallListView>('api/calls?which=failed&limit=6', 2_000)
  return (
    <Loaded data={data} fault={fault}>
      {({ calls }) =>
        calls.length === 0 ? (
          <Empty title="No call has failed.">
            Failed calls appear here within two seconds, with the target that made them fail.
          </Empty>
        ) : (
          <>
            <CallsTable caption="Recent failures" calls={calls} />
            <p class="pager">
              <a href={hrefOf('calls')}>All recorded calls</a>
            </p>
          </>
        )
      }
    </Loaded>
  )
}

const routeColumns = [
  { title: 'Route' },
  { title: 'Strategy', term: 'strategy' },
  { title: 'Last two minutes' },
  { title: 'Calls/s', kind: 'number' },
  { title: 'Success', term: 'success', kind: 'number' },
  { title: 'p99 (10 s)', kind: 'number' },
] as const

function RouteList({
  routes,
  history,
}: {
  readonly routes: OverviewView['routes']
  readonly history: readonly LiveFigures[]
}) {
  if (routes.length === 0)
    return (
      <Empty title="No route is configured.">
        Add one under <code>routes</code>, then reload the configuration.
      </Empty>
    )
  const [recent, minute, tenSeconds] = [lastSeconds(history, 120), lastSeconds(history, 60), lastSeconds(history, 10)]
  return (
    <Table caption="Routes" columns={routeColumns} captionUnseen>
      {routes.map(({ name, strategy }) => (
        <tr key={name}>
          <th scope="row">
            <a href={hrefOf('routes', { route: name })}>
              <Path text={name} />
            </a>
          </th>
          <td>{strategy}</td>
          <td>
            <Sparkline
              values={recent.map((figures) => callsIn(figures, name)?.calls ?? 0)}
              failed={recent.map((figures) => callsIn(figures, name)?.failed ?? 0)}
            />
          </td>
          <td class="number">{rate(sumOf(tenSeconds, name).calls / Math.max(1, tenSeconds.length))}</td>
          <td class="number">{share(successShare(sumOf(minute, name)))}</td>
          <td class="number">{ms(callsIn(history.at(-1) as LiveFigures, name)?.p99Ms)}</td>
        </tr>
      ))}
    </Table>
  )
}
