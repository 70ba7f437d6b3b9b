import type { LimitListView, LimitView, LiveFigures, RouteView } from '../../../src/admin/api.ts'
import { callsIn, lastSeconds, type Sums, successShare, sumOf } from '../figures.ts'
import { count, ms, rate, share } from '../format.ts'
import { live } from '../live.ts'
import { hrefOf, place } from '../location.ts'
import { Sparkline } from '../parts/sparkline.tsx'
import { Empty } from '../parts/state.tsx'
import { useResource } from '../resource.ts'
import { useStore } from '../store.ts'

export function RoutesPage() {
  const { overview, history } = useStore(live)
  const { query } = useStore(place)
  const only = query.get('route')
  const { data: limits } = useResource<LimitListView>('api/limits', 2_000)
  const routes = (overview?.routes ?? []).filter(({ name }) => only === null || name === only)
  return (
    <>
      <h1>Routes</h1>
      {only === null ? (
        <p class="quiet">
          Figures of the last ten minutes, or since the start; calls/s, p50 and p99 are of the last ten seconds.
        </p>
      ) : (
        <p>
          <a href={hrefOf('routes')}>All routes</a>
        </p>
      )}
      {limits?.whole !== undefined && only === null ? (
        <p>All routes together: {concurrencyText(limits.whole)}.</p>
      ) : null}
      {overview !== undefined && routes.length === 0 ? (
        <Empty title="There is no such route." />
      ) : (
        routes.map((route) => (
          <RouteCard
            key={route.name}
            route={route}
            history={history}
            limit={limits?.routes.find(({ route: name }) => name === route.name)}
          />
        ))
      )}
    </>
  )
}

interface RouteCardProps {
  readonly route: RouteView
  readonly history: readonly LiveFigures[]
  readonly limit: LimitView | undefined
}

function RouteCard({ route, history, limit }: RouteCardProps) {
  const { name, strategy, upstreams } = route
  const sums = sumOf(history, name)
  const tenSeconds = lastSeconds(history, 10)
  const recent = lastSeconds(history, 120)
  const now = callsIn(history.at(-1) as LiveFigures, name)
  const facts: readonly (readonly [string, string])[] = [
    ['Calls/s (10 s)', rate(sumOf(tenSeconds, name).calls / Math.max(1, tenSeconds.length))],
    ['In flight', count(now?.inFlight ?? 0)],
    ['Success', share(successShare(sums))],
    ['p50 (10 s)', ms(now?.p50Ms)],
    ['p99 (10 s)', ms(now?.p99Ms)],
    ['Extra load', sums.calls === 0 ? '–' : share(sums.extra / sums.calls)],
    ['Rescued', count(sums.rescued)],
  ]
  return (
    <section class="card">
      <div class="card-head">
        <h2 class="path">{name}</h2>
        <p>
          <strong>{strategy}</strong>
          {upstreams.length === 0 ? '' : ` at ${upstreams.join(', ')}`}
        </p>
        <Sparkline
          values={recent.map((figures) => callsIn(figures, name)?.calls ?? 0)}
          failed={recent.map((figures) => callsIn(figures, name)?.failed ?? 0)}
        />
      </div>
      <dl class="facts">
        {facts.map(([term, value]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {limit === undefined ? null : <Limit limit={limit} />}
      <Codes route={name} sums={sums} />
    </section>
  )
}

function Limit({ limit: { rate: calls, concurrency, shed } }: { readonly limit: LimitView }) {
  const told = [calls, concurrency && concurrencyText(concurrency)].filter((text) => text !== undefined)
  const times = Object.values(shed).reduce((sum, one) => sum + one, 0)
  return (
    <p>
      Limits: {told.length === 0 ? 'those of all routes together' : told.join('; ')}.{' '}
      {times === 0 ? 'Nothing shed.' : <span class="chip bad">shed × {count(times)}</span>}
    </p>
  )
}

function concurrencyText({ limit, inFlight, queued }: NonNullable<LimitView['concurrency']>): string {
  return `${count(inFlight)} of ${count(limit)} in flight, ${count(queued)} waiting`
}

interface CodesProps {
  readonly route: string
  readonly sums: Sums
}

function Codes({ route, sums: { calls, failed, failures } }: CodesProps) {
  const passedOn = failed - Object.values(failures).reduce((sum, times) => sum + times, 0)
  const codes = [...Object.entries(failures), ['5xx of a backend, passed on', passedOn] as const]
    .filter(([, times]) => times > 0)
    .sort(([, a], [, b]) => b - a)
  if (codes.length === 0) return <p class="quiet">{calls === 0 ? 'No call yet.' : 'No failure.'}</p>
  return (
    <p>
      <a href={hrefOf('calls', { route })}>Failures</a>:{' '}
      {codes.map(([code, times]) => (
        <span key={code} class="chip bad">
          {code} × {count(times)}
        </span>
      ))}
    </p>
  )
}
