import type { Deliveries } from '../broadcast/deliveries.ts'
import type { OnlyLegs, Operation } from '../broadcast/operations.ts'
import { viewOf } from '../broadcast/view.ts'
import type { Failure } from '../core/failure.ts'
import { countOf } from '../kit/count-of.ts'
import type { DeliveryFilter, DeliveryStore, LegState } from '../store/delivery-store.ts'
import type { Redaction } from '../telemetry/redact.ts'
import type { DeliveryDetailView, DeliveryListView, RequestView } from './api.ts'

/** A response of the deliveries API. */
export interface AdminAnswer {
  readonly status: number
  readonly body: object
}

const states: readonly LegState[] = ['pending', 'acknowledged', 'dead', 'discarded']

/** Leg states that each operation applies to. */
const operable: Readonly<Record<Operation, readonly LegState[]>> = {
  replay: ['dead'],
  discard: ['dead', 'pending'],
}

const done: Readonly<Record<Operation, string>> = { replay: 'replayed', discard: 'discarded' }

/** `/api/deliveries`: list, inspect, replay and discard, one or all. */
export class DeliveriesAdmin {
  readonly #store: DeliveryStore
  readonly #deliveries: Deliveries
  readonly #redaction: Redaction

  /** `redaction` applies to the request head. The body is shown in full, because operators decide by it. */
  constructor(store: DeliveryStore, deliveries: Deliveries, redaction: Redaction) {
    this.#store = store
    this.#deliveries = deliveries
    this.#redaction = redaction
  }

  async list(query: URLSearchParams): Promise<AdminAnswer> {
    const filter = filterOf(query)
    if (typeof filter === 'string') return { status: 400, body: { detail: filter } }
    const page = await this.#store.list(filter)
    if ('code' in page) return unavailable(page)
    const deliveries = page.deliveries.map((stored) => viewOf(stored, this.#deliveries.active(stored.id)))
    const body: DeliveryListView = { deliveries, next: page.more ? page.deliveries.at(-1)?.sequence : undefined }
    return { status: 200, body }
  }

  async show(id: string): Promise<AdminAnswer> {
    const stored = await this.#store.find(id)
    if (stored === undefined) return missing(id)
    if ('code' in stored) return unavailable(stored)
    const { request, lane, idempotencyKey } = stored
    const view = viewOf(stored, this.#deliveries.active(id))
    const detail: DeliveryDetailView = { ...view, lane, idempotencyKey }
    if (request === undefined) return { status: 200, body: detail }
    const text = request.body === undefined ? undefined : Buffer.from(request.body)
    const readable = text === undefined || Buffer.from(text.toString('utf8')).equals(text)
    const requestView: RequestView = {
      ...request,
      path: this.#redaction.path(request.path),
      query: this.#redaction.query(request.query),
      headers: request.headers.map((text, i, all) =>
        i % 2 === 0 ? text : this.#redaction.field(all[i - 1] as string, text),
      ),
      body: text?.toString(readable ? 'utf8' : 'base64'),
      bodyEncoding: readable ? 'utf8' : 'base64',
    }
    return { status: 200, body: { ...detail, request: requestView } }
  }

  async operate(id: string, what: Operation, query: URLSearchParams): Promise<AdminAnswer> {
    const only = onlyOf(query, what)
    if (typeof only === 'string') return { status: 400, body: { detail: only } }
    const { target, state } = only
    const count = await this.#deliveries.operator.operate(id, what, only)
    if (count === undefined) return missing(id)
    if (typeof count === 'object') return unavailable(count)
    if (count > 0) return { status: 200, body: { id, [done[what]]: count } }
    const allowed = state ?? operable[what].join(' or ')
    const where = target === undefined ? '' : ` to ${target}`
    return { status: 409, body: { detail: `Delivery ${id} has no leg${where} that is ${allowed}` } }
  }

  /** Operates on all legs that match the query, oldest first; on dead letters if the query names no state. */
  async operateAll(what: Operation, query: URLSearchParams): Promise<AdminAnswer> {
    const only = onlyOf(query, what)
    if (typeof only === 'string') return { status: 400, body: { detail: only } }
    const operated = await this.#deliveries.operator.operateAll(what, {
      ...only,
      route: query.get('route') ?? undefined,
    })
    if ('code' in operated) return unavailable(operated)
    const { deliveries, legs, refused } = operated
    if (refused === undefined) return { status: 200, body: { [done[what]]: legs, deliveries } }
    const detail = `${refused.detail} ${countOf(legs, 'leg')} of ${countOf(deliveries, 'delivery', 'deliveries')} were ${done[what]} before.`
    return { status: 503, body: { detail } }
  }
}

/** The filter, or an error message. */
function onlyOf(query: URLSearchParams, what: Operation): OnlyLegs | string {
  const state = query.get('state') ?? undefined
  const allowed = operable[what].find((one) => one === state)
  if (state !== allowed) return `state is "${state}"; allowed: ${operable[what].join(', ')}`
  return { target: query.get('target') ?? undefined, state: allowed }
}

function filterOf(query: URLSearchParams): DeliveryFilter | string {
  const [state, target, route, before, limit] = ['state', 'target', 'route', 'before', 'limit'].map((name) =>
    query.get(name),
  )
  if (state !== null && !states.includes(state as LegState)) return `state is "${state}"; allowed: ${states.join(', ')}`
  if (before !== null && !/^\d{1,15}$/.test(before ?? ''))
    return `before is "${before}"; allowed: the value of next in an earlier answer`
  const limitNumber = limit === null ? 50 : Number(limit)
  if (!(Number.isInteger(limitNumber) && limitNumber >= 1 && limitNumber <= 500))
    return `limit is "${limit}"; allowed: 1 to 500`
  return {
    limit: limitNumber,
    ...(state === null ? {} : { state: state as LegState }),
    ...(target === null || target === undefined ? {} : { target }),
    ...(route === null || route === undefined ? {} : { route }),
    ...(before === null ? {} : { beforeSequence: Number(before) }),
  }
}

function missing(id: string): AdminAnswer {
  return { status: 404, body: { detail: `There is no delivery ${id}, or it has been removed` } }
}

function unavailable({ detail }: Failure): AdminAnswer {
  return { status: 503, body: { detail } }
}
