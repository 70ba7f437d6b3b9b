import type { Deliveries } from '../../broadcast/deliveries.ts'
import type { OnlyLegs, Operation } from '../../broadcast/operations.ts'
import { viewOf } from '../../broadcast/view.ts'
import type { Failure } from '../../core/failure.ts'
import { countOf } from '../../kit/count-of.ts'
import type { DeliveryFilter, DeliveryStore, LegState, StoredRequest } from '../../store/delivery-store.ts'
import type { Redaction } from '../../telemetry/redact.ts'
import { type Answer, json, refusal } from '../answer.ts'
import type { DeliveryDetailView, DeliveryListView, RequestView } from '../api.ts'
import { type Input, notAllowed, oneOfIn, wholeNumberIn } from '../request-input.ts'
import type { Resource } from '../resource.ts'

export interface DeliverySource {
  readonly store: DeliveryStore
  readonly deliveries: Deliveries
  /** Applies to the request head. The body is shown in full, because operators decide by it. */
  readonly redaction: Redaction
}

const states: readonly LegState[] = ['pending', 'acknowledged', 'dead', 'discarded']

/** Leg states that each operation applies to. */
const operable: Readonly<Record<Operation, readonly LegState[]>> = {
  replay: ['dead'],
  discard: ['dead', 'pending'],
}

const done: Readonly<Record<Operation, string>> = { replay: 'replayed', discard: 'discarded' }

/** `/api/deliveries`: list, inspect, replay and discard, one or all. Undefined if no route broadcasts. */
export function deliveryResources(source: DeliverySource | undefined): readonly Resource[] {
  const having = (answer: (source: DeliverySource) => Promise<Answer>): Promise<Answer> | Answer =>
    source === undefined ? refusal(404, 'No route uses `broadcast`, so there are no deliveries') : answer(source)
  const operations = (what: Operation): readonly Resource[] => [
    {
      path: `/api/deliveries/${what}`,
      methods: { POST: ({ query }) => having((from) => operateAll(from, what, query)) },
    },
    {
      path: `/api/deliveries/:id/${what}`,
      methods: { POST: ({ params: { id = '' }, query }) => having((from) => operate(from, id, what, query)) },
    },
  ]
  return [
    { path: '/api/deliveries', methods: { GET: ({ query }) => having((from) => list(from, query)) } },
    { path: '/api/deliveries/:id', methods: { GET: ({ params: { id = '' } }) => having((from) => show(from, id)) } },
    ...operations('replay'),
    ...operations('discard'),
  ]
}

async function list({ store, deliveries }: DeliverySource, query: URLSearchParams): Promise<Answer> {
  const filter = filterOf(query)
  if (!filter.ok) return filter.refusal
  const page = await store.list(filter.value)
  if (!page.ok) return unavailable(page.failure)
  const { deliveries: stored, more } = page.value
  return json({
    deliveries: stored.map((one) => viewOf(one, deliveries.active(one.id))),
    next: more ? stored.at(-1)?.sequence : undefined,
  } satisfies DeliveryListView)
}

async function show({ store, deliveries, redaction }: DeliverySource, id: string): Promise<Answer> {
  const found = await store.find(id)
  if (!found.ok) return unavailable(found.failure)
  const stored = found.value
  if (stored === undefined) return missing(id)
  const { request, lane, idempotencyKey } = stored
  return json({
    ...viewOf(stored, deliveries.active(id)),
    lane,
    idempotencyKey,
    ...(request !== undefined && { request: requestView(request, redaction) }),
  } satisfies DeliveryDetailView)
}

function requestView(request: StoredRequest, redaction: Redaction): RequestView {
  const { method, path, query, headers } = request
  const body = request.body && Buffer.from(request.body)
  const isText = body === undefined || Buffer.from(body.toString('utf8')).equals(body)
  const encoding = isText ? 'utf8' : 'base64'
  return {
    method,
    path: redaction.path(path),
    query: redaction.query(query),
    headers: headers.map((text, i) => (i % 2 === 0 ? text : redaction.field(headers[i - 1] as string, text))),
    body: body?.toString(encoding),
    bodyEncoding: encoding,
  }
}

async function operate(
  { deliveries }: DeliverySource,
  id: string,
  what: Operation,
  query: URLSearchParams,
): Promise<Answer> {
  const only = onlyOf(query, what, ['state', 'target'])
  if (!only.ok) return only.refusal
  const { target, state } = only.value
  const operated = await deliveries.operator.operate(id, what, only.value)
  if (!operated.ok) return unavailable(operated.failure)
  const count = operated.value
  if (count === undefined) return missing(id)
  if (count > 0) return json({ id, [done[what]]: count })
  const allowed = state ?? operable[what].join(' or ')
  const where = target === undefined ? '' : ` to ${target}`
  return refusal(409, `Delivery ${id} has no leg${where} that is ${allowed}`)
}

/** Operates on all legs that match the query, oldest first; on dead letters if the query names no state. */
async function operateAll({ deliveries }: DeliverySource, what: Operation, query: URLSearchParams): Promise<Answer> {
  const only = onlyOf(query, what, ['state', 'target', 'route'])
  if (!only.ok) return only.refusal
  const route = query.get('route') ?? undefined
  const operated = await deliveries.operator.operateAll(what, { ...only.value, route })
  if (!operated.ok) return unavailable(operated.failure)
  const { deliveries: count, legs, refused } = operated.value
  if (refused === undefined) return json({ [done[what]]: legs, deliveries: count })
  const before = `${countOf(legs, 'leg')} of ${countOf(count, 'delivery', 'deliveries')} were ${done[what]} before.`
  return refusal(503, `${refused.detail} ${before}`)
}

/** Refuses other parameters: with `routes` for `route`, the operation would apply to all routes. */
function onlyOf(query: URLSearchParams, what: Operation, names: readonly string[]): Input<OnlyLegs> {
  const unknown = [...query.keys()].find((name) => !names.includes(name))
  if (unknown !== undefined) return notAllowed('A query parameter', unknown, names.join(', '))
  const state = oneOfIn(query, 'state', operable[what])
  if (!state.ok) return state
  return { ok: true, value: { target: query.get('target') ?? undefined, state: state.value } }
}

function filterOf(query: URLSearchParams): Input<DeliveryFilter> {
  const state = oneOfIn(query, 'state', states)
  if (!state.ok) return state
  const limit = wholeNumberIn(query, 'limit', { min: 1, max: 500, default: 50 })
  if (!limit.ok) return limit
  const [before, target, route] = ['before', 'target', 'route'].map((name) => query.get(name) ?? undefined)
  if (before !== undefined && !/^\d{1,15}$/.test(before)) {
    return notAllowed('before', before, 'the value of next in an earlier answer')
  }
  return {
    ok: true,
    value: {
      limit: limit.value,
      ...(state.value !== undefined && { state: state.value }),
      ...(target !== undefined && { target }),
      ...(route !== undefined && { route }),
      ...(before !== undefined && { beforeSequence: Number(before) }),
    },
  }
}

function missing(id: string): Answer {
  return refusal(404, `There is no delivery ${id}, or it has been removed`)
}

function unavailable({ detail }: Failure): Answer {
  return refusal(503, detail)
}
