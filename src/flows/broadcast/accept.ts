import { createHash } from 'node:crypto'
import type { Attempt } from '../../core/attempt.ts'
import type { Call } from '../../core/call.ts'
import { type Failure, failure } from '../../core/failure.ts'
import { type HeaderPairs, headerValue, withoutHeaders } from '../../core/headers.ts'
import { failed, type Outcome, succeeded } from '../../core/outcome.ts'
import type { GatewayRequest } from '../../core/request.ts'
import type { GatewayResponse } from '../../core/response.ts'
import type { Clock } from '../../kit/clock.ts'
import type { DeliveryStore, NewDelivery, StoredDelivery, StoredLeg } from '../../store/delivery-store.ts'
import type { Deliveries } from './deliveries.ts'
import type { Delivery, Observer } from './delivery.ts'
import type { LaneOf } from './order.ts'

export interface AcceptOptions {
  readonly route: string
  readonly targets: readonly string[]
  readonly respond: 'first' | 'all' | 'accepted'
  readonly laneOf: LaneOf
  readonly deliveries: Deliveries
  readonly store: DeliveryStore
  readonly clock: Clock
  /** Not to be guessed: who knows it may see what became of the delivery. */
  readonly newId: () => string
}

/** Where a client can see what becomes of its write. */
export const deliveriesPath = '/_hedgerow/deliveries'

/** The gateway's own, anew for each attempt. */
const notStored = new Set(['x-hedgerow-attempt', 'x-request-timeout-ms'])

/** Makes a client's write durable, has it delivered, and answers as the route says. */
export async function accept(request: GatewayRequest, call: Call, options: AcceptOptions): Promise<Outcome> {
  const delivery = newDelivery(request, options)
  const insertion = options.store.insert(delivery)
  const result = await orAborted(insertion, call)
  if (result === undefined) {
    // The disk has not taken it in time. If it does yet, the write is delivered; only nobody can be told.
    void insertion.then((late) => late.kind === 'inserted' && options.deliveries.begin(delivery, late.sequence))
    return failed(call.scope.reason ?? lateStore)
  }
  if (result.kind === 'refused') return failed(result.failure)
  if (result.kind === 'existing') return repeat(result.delivery, delivery.fingerprint, call, options)
  call.emit({ type: 'delivery.accepted', deliveryId: delivery.id, legs: delivery.legs.length })
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  const waiting = new Waiting(options.respond, call, resolve)
  waiting.watch(options.deliveries.begin(delivery, result.sequence, waiting))
  return promise
}

/** Undefined if the call is aborted first. */
function orAborted<T>(work: Promise<T>, call: Call): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const listener = { onAbort: () => resolve(undefined) }
    call.scope.add(listener)
    work.then(resolve, reject).finally(() => call.scope.remove(listener))
  })
}

/** The same key again: what the first one got, or will get; never a second delivery. */
function repeat(stored: StoredDelivery, fingerprint: string, call: Call, options: AcceptOptions): Promise<Outcome> {
  if (stored.fingerprint !== fingerprint) {
    const detail = 'The Idempotency-Key was used before on this route with another path, query or body'
    return Promise.resolve(failed(failure('IDEMPOTENCY_MISMATCH', detail)))
  }
  const active = options.deliveries.active(stored.id)
  if (active !== undefined) {
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    new Waiting(options.respond, call, resolve).watch(active)
    return promise
  }
  const { answer } = stored
  if (answer !== undefined && options.respond !== 'accepted') {
    return Promise.resolve(succeeded({ ...answer, attempt: undefined, upgraded: undefined }))
  }
  const dead = stored.legs.every(({ state }) => state !== 'acknowledged')
  return Promise.resolve(
    dead && options.respond !== 'accepted' ? failed(noneAcknowledged) : succeeded(accepted(stored.id)),
  )
}

const lateStore = failure('STORE_UNAVAILABLE', 'The store did not take the write in time')
const noneAcknowledged = failure('BROADCAST_FAILED', 'No target acknowledged the write within its attempts')
const notAllAcknowledged = failure('BROADCAST_FAILED', 'Not every target acknowledged the write within its attempts')

/** A client's call that waits for its delivery. The delivery goes on whatever becomes of the call. */
class Waiting implements Observer {
  readonly #respond: AcceptOptions['respond']
  readonly #call: Call
  readonly #resolve: (outcome: Outcome) => void
  #delivery: Delivery | undefined
  #stopObserving: (() => void) | undefined

  constructor(respond: AcceptOptions['respond'], call: Call, resolve: (outcome: Outcome) => void) {
    this.#respond = respond
    this.#call = call
    this.#resolve = resolve
  }

  watch(delivery: Delivery): void {
    this.#delivery = delivery
    this.#stopObserving = delivery.observe(this)
    this.#call.scope.add(this)
    if (this.#respond === 'accepted') this.#settle(succeeded(accepted(delivery.id)))
    else if (delivery.answer !== undefined) this.acknowledged(delivery.answer)
    else if (delivery.hasDied) this.died()
    if (delivery.isPaused) this.paused()
  }

  attempted(attempt: Attempt): void {
    this.#call.adopt(attempt)
  }

  acknowledged(response: GatewayResponse): void {
    const delivery = this.#delivery
    if (delivery === undefined) return
    if (this.#respond === 'first') this.#settle(succeeded(response))
    else if (delivery.isAcknowledgedByAll) this.#settle(succeeded(delivery.answer ?? response))
  }

  died(): void {
    const delivery = this.#delivery
    if (delivery === undefined) return
    if (delivery.isDeadEverywhere) this.#settle(failed(noneAcknowledged))
    else if (this.#respond === 'all') this.#settle(failed(notAllAcknowledged))
  }

  paused(): void {
    if (this.#delivery !== undefined) this.#settle(succeeded(accepted(this.#delivery.id)))
  }

  onAbort(reason: Failure): void {
    const delivery = this.#delivery
    if (delivery === undefined) return
    // The write is durable and goes on: at the deadline that is the truth to tell.
    this.#settle(reason.code === 'DEADLINE' ? succeeded(accepted(delivery.id)) : failed(reason))
  }

  #settle(outcome: Outcome): void {
    this.#stopObserving?.()
    this.#call.scope.remove(this)
    this.#resolve(outcome)
  }
}

function accepted(id: string): GatewayResponse {
  const location = `${deliveriesPath}/${id}`
  const body = Buffer.from(`${JSON.stringify({ id, status: location })}\n`)
  const headers = ['content-type', 'application/json', 'location', location, 'cache-control', 'no-store']
  return { status: 202, headers, body, attempt: undefined, upgraded: undefined }
}

function newDelivery(request: GatewayRequest, options: AcceptOptions): NewDelivery {
  const body = request.body instanceof Uint8Array ? request.body : undefined
  const { method, path, query } = request
  const headers: HeaderPairs = withoutHeaders(request.headers, notStored)
  return {
    id: options.newId(),
    route: options.route,
    lane: options.laneOf(request),
    idempotencyKey: headerValue(request.headers, 'idempotency-key'),
    fingerprint: fingerprintOf(method, path, query, body),
    createdAt: options.clock.wallNow(),
    request: { method, path, query, headers, body },
    legs: options.targets.map(newLeg),
  }
}

function newLeg(target: string): StoredLeg {
  const none = { nextAttemptAt: undefined, outcome: undefined, status: undefined, detail: undefined }
  return { target, state: 'pending', attempts: 0, ...none }
}

function fingerprintOf(method: string, path: string, query: string, body: Uint8Array | undefined): string {
  const hash = createHash('sha256').update(`${method} ${path}?${query}\n`)
  if (body !== undefined) hash.update(body)
  return hash.digest('base64url')
}
