import { createHash } from 'node:crypto'
import type { Attempt } from '../../core/attempt.ts'
import type { Call } from '../../core/call.ts'
import { type Failure, failure } from '../../core/failure.ts'
import { type HeaderPairs, headerValue, headerValues, withoutHeaders } from '../../core/headers.ts'
import { failed, type Outcome, succeeded } from '../../core/outcome.ts'
import type { GatewayRequest } from '../../core/request.ts'
import { type GatewayResponse, ownResponse } from '../../core/response.ts'
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
  const badKey = keyProblem(request)
  if (badKey !== undefined) return failed(badKey)
  const delivery = newDelivery(request, options)
  const insertion = options.store.insert(delivery)
  const result = await orAborted(insertion, call)
  if (result === undefined) {
    // The disk has not taken it in time. If it does yet, the write is delivered; only nobody can be told.
    void insertion.then(
      (late) => late.kind === 'inserted' && options.deliveries.begin(delivery, late.sequence, { trace: call.trace }),
    )
    return failed(call.scope.reason ?? lateStore)
  }
  if (result.kind === 'refused') return failed(result.failure)
  if (result.kind === 'existing') return repeat(result.delivery, delivery.fingerprint, call, options)
  call.emit({ type: 'delivery.accepted', deliveryId: delivery.id, legs: delivery.legs.length })
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  const waiting = new Waiting(options.respond, call, resolve, undefined)
  waiting.watch(options.deliveries.begin(delivery, result.sequence, { trace: call.trace, observer: waiting }))
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
    const detail = 'The Idempotency-Key was used before on this route with another path, query, lane or body'
    return Promise.resolve(failed(failure('IDEMPOTENCY_MISMATCH', detail)))
  }
  const active = options.deliveries.active(stored.id)
  if (options.respond === 'accepted') return Promise.resolve(succeeded(accepted(stored.id)))
  const answer = stored.answer && ownResponse(stored.answer.status, stored.answer.headers, stored.answer.body)
  if (options.respond === 'first' && answer !== undefined) {
    return Promise.resolve(succeeded(linked(answer, stored.id)))
  }
  if (active === undefined) return Promise.resolve(whatItCameTo(stored, answer, options.respond))
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  new Waiting(options.respond, call, resolve, answer).watch(active)
  return promise
}

/** Of a delivery that is over. */
function whatItCameTo(
  { id, legs }: StoredDelivery,
  answer: GatewayResponse | undefined,
  respond: 'first' | 'all',
): Outcome {
  const acknowledged = legs.filter(({ state }) => state === 'acknowledged').length
  if (acknowledged === 0) return failed(noneAcknowledged(id))
  if (respond === 'all' && acknowledged < legs.length) return failed(notAllAcknowledged(id))
  // The answer itself may have been lost with the store's file.
  return succeeded(answer === undefined ? accepted(id) : linked(answer, id))
}

const lateStore = failure('STORE_UNAVAILABLE', 'The store did not take the write in time')

function noneAcknowledged(id: string): Failure {
  return failure('BROADCAST_FAILED', 'No target acknowledged the write within its attempts', { headers: linkTo(id) })
}

function notAllAcknowledged(id: string): Failure {
  const detail = 'Not every target acknowledged the write within its attempts; some may have it'
  return failure('BROADCAST_FAILED', detail, { headers: linkTo(id) })
}

/** A client's call that waits for its delivery. The delivery goes on whatever becomes of the call. */
class Waiting implements Observer {
  readonly #respond: AcceptOptions['respond']
  readonly #call: Call
  readonly #resolve: (outcome: Outcome) => void
  /** The first good answer, where an earlier call got it. */
  readonly #answer: GatewayResponse | undefined
  #delivery: Delivery | undefined
  #stopObserving: (() => void) | undefined

  constructor(
    respond: AcceptOptions['respond'],
    call: Call,
    resolve: (outcome: Outcome) => void,
    answer: GatewayResponse | undefined,
  ) {
    this.#respond = respond
    this.#call = call
    this.#resolve = resolve
    this.#answer = answer
  }

  watch(delivery: Delivery): void {
    this.#delivery = delivery
    this.#stopObserving = delivery.observe(this)
    this.#call.scope.add(this)
    if (this.#respond === 'accepted') this.#settle(succeeded(accepted(delivery.id)))
    else if (delivery.answer !== undefined) this.acknowledged(delivery.answer)
    // A crash has lost what the first one was told.
    else if (delivery.isAnswered && this.#respond === 'first') this.#settle(succeeded(accepted(delivery.id)))
    if (this.#respond !== 'accepted' && delivery.hasDied) this.died()
    if (delivery.isPaused) this.paused()
  }

  attempted(attempt: Attempt): void {
    this.#call.adopt(attempt)
  }

  acknowledged(response: GatewayResponse): void {
    const delivery = this.#delivery
    if (delivery === undefined) return
    if (this.#respond === 'first') this.#settle(succeeded(linked(response, delivery.id)))
    else if (delivery.isAcknowledgedByAll)
      this.#settle(succeeded(linked(delivery.answer ?? this.#answer ?? response, delivery.id)))
  }

  died(): void {
    const delivery = this.#delivery
    if (delivery === undefined) return
    if (delivery.isDeadEverywhere) this.#settle(failed(noneAcknowledged(delivery.id)))
    else if (this.#respond === 'all') this.#settle(failed(notAllAcknowledged(delivery.id)))
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

/** RFC 8631: where it can be seen what becomes of the write at all its targets, whatever this answer says. */
function linkTo(id: string): readonly string[] {
  return ['link', `<${deliveriesPath}/${id}>; rel="status"`]
}

function linked(response: GatewayResponse, id: string): GatewayResponse {
  return { ...response, headers: [...response.headers, ...linkTo(id)] }
}

function accepted(id: string): GatewayResponse {
  const location = `${deliveriesPath}/${id}`
  const body = Buffer.from(`${JSON.stringify({ id, status: location })}\n`)
  const headers = ['content-type', 'application/json', 'location', location, 'cache-control', 'no-store']
  return ownResponse(202, headers, body)
}

function newDelivery(request: GatewayRequest, options: AcceptOptions): NewDelivery {
  const body = request.body instanceof Uint8Array ? request.body : undefined
  const { method, path, query } = request
  const lane = options.laneOf(request)
  const headers: HeaderPairs = withoutHeaders(request.headers, notStored)
  return {
    id: options.newId(),
    route: options.route,
    lane,
    idempotencyKey: headerValue(request.headers, 'idempotency-key'),
    fingerprint: fingerprintOf(method, path, query, lane, body),
    createdAt: options.clock.wallNow(),
    request: { method, path, query, headers, body },
    legs: options.targets.map(newLeg),
  }
}

function newLeg(target: string): StoredLeg {
  const none = { nextAttemptAt: undefined, outcome: undefined, status: undefined, detail: undefined }
  return { target, state: 'pending', attempts: 0, ...none }
}

const maxKeyLength = 1024

/** An empty key would be everybody's, and of two nobody knows which one counts. */
function keyProblem({ headers }: GatewayRequest): Failure | undefined {
  const keys = headerValues(headers, 'idempotency-key')
  const [key] = keys
  if (key === undefined) return undefined
  if (keys.length > 1) return failure('BAD_REQUEST', `Idempotency-Key is given ${keys.length} times; allowed: once`)
  if (key.trim() !== '' && key.length <= maxKeyLength) return undefined
  const found = key.trim() === '' ? 'empty' : `${key.length} characters long`
  return failure('BAD_REQUEST', `The Idempotency-Key is ${found}; allowed: 1 to ${maxKeyLength} characters`)
}

/** The lane is part of it, as it may come from a header: the same key for another user is another write. */
function fingerprintOf(
  method: string,
  path: string,
  query: string,
  lane: string | undefined,
  body: Uint8Array | undefined,
): string {
  const hash = createHash('sha256').update(`${method} ${path}?${query}\n${JSON.stringify(lane ?? null)}\n`)
  if (body !== undefined) hash.update(body)
  return hash.digest('base64url')
}
