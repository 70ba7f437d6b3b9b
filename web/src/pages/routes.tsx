import type { LimitListView, LimitView, LiveFigures, RouteView } from '../../../src/admin/api.ts'
import { callsIn, lastSeconds, type Sums, successShare, sumOf } from '../figures.ts'
import { count, ms, rate, share } from '../format.ts'
import { live } from '../live.ts'
import { hrefOf, place } from '../location.ts'
import { type Fact, Facts } from '../parts/facts.tsx'
import { Path } from '../parts/path.tsx'
import { Sparkline } from '../parts/sparkline.tsx'
import { Empty } from '../parts/state.tsx'
import { Term } from '../parts/term.tsx'
import { useResource } from '../resource.ts'
import { useStore } from '../store.ts'

export function RoutesPage() {
  const { overview, history } = useStore(live)
  const { query } = useStore(place)
  const only = query.get('route')
  const { data: limits } = useResource<LimitListView>('api/limits', 1_000)
  const routes = (overview?.routes ?? []).filter(({ name }) => only === null || name === only)
  return (
    <>
      <h1>Routes</h1>
      {only === null ? (
        <p class="quiet">
          Success, extra load and rescued calls of the last ten minutes; calls/s, p50 and p99 of the last ten seconds.
        </p>
      ) : (
        <p>
          <a href={hrefOf('routes')}>All routes</a>
        </p>
      )}
      {limits?.whole !== undefined && only === null ? (
        <p>
          All routes together: {count(limits.whole.inFlight)} in flight; limit {limitText(limits.whole)}.
        </p>
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
  const facts: readonly Fact[] = [
    { name: 'Calls/s (10 s)', value: rate(sumOf(tenSeconds, name).calls / Math.max(1, tenSeconds.length)) },
    { name: 'In flight', term: 'in flight', value: count(now?.inFlight ?? 0) },
    { name: 'Success', term: 'success', value: share(successShare(sums)) },
    { name: 'p50 (10 s)', term: 'p50', value: ms(now?.p50Ms) },
    { name: 'p99 (10 s)', term: 'p99', value: ms(now?.p99Ms) },
    { name: 'Extra load', term: 'extra load', value: sums.calls === 0 ? '–' : share(sums.extra / sums.calls) },
    { name: 'Rescued', term: 'rescued', value: count(sums.rescued) },
  ]
  return (
    <section class="card">
      <div class="card-head">
        <h2>
          <Path text={name} />
        </h2>
        <p>
          <strong>{strategy}</strong>
          {upstreams.length === 0 ? '' : ` at ${upstreams.join(', ')}`}
        </p>
        <Sparkline
          values={recent.map((figures) => callsIn(figures, name)?.calls ?? 0)}
          failed={recent.map((figures) => callsIn(figures, name)?.failed ?? 0)}
        />
      </div>
      <Facts facts={facts} />
      {limit === undefined ? null : <Limit limit={limit} />}
      <Codes route={name} sums={sums} />
    </section>
  )
}

function Limit({ limit: { rate: calls, concurrency, shed } }: { readonly limit: LimitView }) {
  // The calls in flight are shown above, once.
  const shown = [calls, concurrency && limitText(concurrency)].filter((text) => text !== undefined)
  const times = Object.values(shed).reduce((sum, one) => sum + one, 0)
  return (
    <p>
      Limits: {shown.length === 0 ? 'those of all routes together' : shown.join('; ')}.{' '}
      {times === 0 ? (
        'No call shed.'
      ) : (
        <span class="chip bad">
          <Term name="shed">shed</Term> × {count(times)}
        </span>
      )}
    </p>
  )
}

function limitText({ limit, queued }: NonNullable<LimitView['concurrency']>): string {
  return `${count(limit)} in flight, ${count(queued)} waiting`
}

interface CodesProps {
  readonly route: string
  readonly sums: Sums
}

function Codes({ route, sums: { calls, failed, failures } }: CodesProps) {
  const passedOn = failed - Object.values(failures).reduce((sum, times) => sum + times, 0)
  const codes = [...Object.entries(failures), ['5xx of a target, passed on', passedOn] as const]
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
