import { noRoute, ownPages } from '../../telemetry/counts/cells.ts'
import type { RecordedCall } from '../../telemetry/recorder/recorded-call.ts'
import { json, refusal } from '../answer.ts'
import type { AttemptView, CallListView, CallView } from '../api.ts'
import type { Inspector } from '../inspector.ts'
import { oneOfIn, wholeNumberIn } from '../request-input.ts'
import type { Resource } from '../resource.ts'

/** `/api/calls`: the recorded calls, each with its race. */
export function callResources(
  servers: Pick<Inspector, 'calls' | 'call'>,
  routes: readonly string[],
): readonly Resource[] {
  return [
    {
      path: '/api/calls',
      methods: {
        GET: async ({ query }) => {
          const which = oneOfIn(query, 'which', ['failed', 'slow'])
          if (!which.ok) return which.refusal
          const limit = wholeNumberIn(query, 'limit', { min: 1, max: 1000, default: 100 })
          if (!limit.ok) return limit.refusal
          const route = query.get('route') ?? undefined
          const calls = (await servers.calls({ which: which.value, route, limit: limit.value })).map(viewOf)
          if (calls.length === 0 && route !== undefined && !routes.includes(route) && !isOwn(route)) {
            return refusal(400, `route is "${route}"; allowed: ${routes.join('; ')}`)
          }
          return json({ calls } satisfies CallListView)
        },
      },
    },
    {
      path: '/api/calls/:id',
      methods: {
        GET: async ({ params: { id = '' } }) => {
          const call = await servers.call(id)
          if (call !== undefined) return json(viewOf(call))
          return refusal(404, `Call ${id} is not recorded: only the latest failures and the slowest calls are`)
        },
      },
    },
  ]
}

/** Requests without a route and the gateway's own pages, which the figures count under one name each. */
function isOwn(route: string): boolean {
  return route === noRoute || route === ownPages || route.includes(' /')
}

function viewOf(call: RecordedCall): CallView {
  return { ...call, attempts: call.attempts.map(attemptView) }
}

/** Numbered by index, because a delivery counts attempts per target. */
function attemptView(attempt: RecordedCall['attempts'][number], place: number): AttemptView {
  const { kind, target, startedMs, endedMs, outcome, status, detail, won } = attempt
  return {
    number: place + 1,
    kind,
    upstream: target.upstream,
    target: target.name,
    startedMs: rounded(startedMs),
    endedMs: endedMs === undefined ? undefined : rounded(endedMs),
    outcome,
    status,
    detail,
    won,
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
