import { createHash } from 'node:crypto'
import type { Attempt } from '../core/attempt.ts'
import type { Call } from '../core/call.ts'
import { type Failure, failure } from '../core/failure.ts'
import { type HeaderPairs, headerValue, headerValues, withoutHeaders } from '../core/headers.ts'
import { type Failed, failed, type Outcome, succeeded } from '../core/outcome.ts'
import type { GatewayRequest } from '../core/request.ts'
import { type GatewayResponse, ownResponse } from '../core/response.ts'
import type { Result } from '../core/result.ts'
import type { Service } from '../core/service.ts'
import type { Clock } from '../kit/clock.ts'
import type { DeliveryStore, InsertResult, NewDelivery, StoredDelivery, StoredLeg } from '../store/delivery-store.ts'
import type { Deliveries } from './deliveries.ts'
import type { Delivery, Observer } from './delivery.ts'
import type { Lane, LaneOf } from './lane-key.ts'

export interface AcceptOptions {
  readonly route: string
  readonly targets: readonly string[]
  readonly respond: 'first' | 'all' | 'accepted'
  readonly laneOf: LaneOf
  readonly deliveries: Deliveries
  readonly store: DeliveryStore
  readonly clock: Clock
  /** Must not be guessable: anyone with the id may see the status of the delivery. */
  readonly newId: () => string
}

/** Path at which a client can see the status of its write. */
export const deliveriesPath = '/_hedgerow/deliveries'

/** The gateway sets these headers itself, with new values for each attempt. */
const notStored = new Set(['x-hedgerow-attempt', 'x-request-timeout-ms'])

/** Takes the writes of a route. */
export function acceptWrites(options: AcceptOptions): Service {
  return (request, call) => accept(request, call, options)
}

/** Makes a client's write durable, starts its delivery, and answers as the route configures. */
function accept(request: GatewayRequest, call: Call, options: AcceptOptions): Promise<Outcome> {
  const badKey = keyProblem(request)
  if (badKey !== undefined) return Promise.resolve(failed(badKey))
  const lane = options.laneOf(request, call.scope)
  const acceptIn = (made: Result<Lane>): Promise<Outcome> | Failed =>
    made.ok ? insert(made.value, request, call, options) : made
  return lane instanceof Promise ? lane.then(acceptIn) : Promise.resolve(acceptIn(lane))
}

function insert(lane: Lane, request: GatewayRequest, call: Call, options: AcceptOptions): Promise<Outcome> {
  const { store, deliveries, respond } = options
  const delivery = newDelivery(request, lane, options)
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>()
  const waiting = new Waiting(respond, call, resolve)
  // One path for all, with or without a waiting client: deliveries start in the order in which the store took them.
  const taken = (result: InsertResult): void => {
    if (result.kind === 'refused') waiting.settle(failed(result.failure))
    else if (result.kind === 'existing') repeat(result.delivery, delivery.fingerprint, waiting, options)
    else {
      call.emit({ type: 'delivery.accepted', deliveryId: delivery.id, legs: delivery.legs.length })
      const observer = waiting.isOver ? undefined : waiting
      waiting.watch(deliveries.begin(delivery, result.sequence, { trace: call.trace, observer }))
    }
  }
  store.insert(delivery).then(taken).catch(reject)
  return promise
}

/** Same key again: returns the answer that the first call got or will get; never starts a second delivery. */
function repeat(stored: StoredDelivery, fingerprint: string, waiting: Waiting, options: AcceptOptions): void {
  const { respond, deliveries } = options
  if (stored.fingerprint !== fingerprint) {
    const detail = 'The Idempotency-Key was used before on this route with another path, query, lane or body'
    waiting.settle(failed(failure('IDEMPOTENCY_MISMATCH', detail)))
    return
  }
  const active = deliveries.active(stored.id)
  const answer = stored.answer && ownResponse(stored.answer.status, stored.answer.headers, stored.answer.body)
  if (respond === 'accepted') waiting.settle(succeeded(accepted(stored.id)))
  else if (respond === 'first' && answer !== undefined) waiting.settle(succeeded(linked(answer, stored.id)))
  else if (active === undefined) waiting.settle(whatItCameTo(stored, answer, respond))
  else waiting.watch(active, answer)
}

/** The outcome of a finished delivery. */
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

function noneAcknowledged(id: string): Failure {
  return failure('BROADCAST_FAILED', 'No target acknowledged the write within its attempts', { headers: linkTo(id) })
}

function notAllAcknowledged(id: string): Failure {
  const detail = 'Not every target acknowledged the write within its attempts; some may have it'
  return failure('BROADCAST_FAILED', detail, { headers: linkTo(id) })
}

/**
 * A client's call that waits: first for the store, then for its delivery. A write that the store has taken is delivered
 * even if the call ends.
 */
class Waiting implements Observer {
  readonly #respond: AcceptOptions['respond']
  readonly #call: Call
  readonly #resolve: (outcome: Outcome) => void
  /** Undefined until the store has taken the write. */
  #delivery: Delivery | undefined
  /** The first good answer, if an earlier call received it. */
  #answer: GatewayResponse | undefined
  #stopObserving: (() => void) | undefined
  #isOver = false

  constructor(respond: AcceptOptions['respond'], call: Call, resolve: (outcome: Outcome) => void) {
    this.#respond = respond
    this.#call = call
    this.#resolve = resolve
    call.scope.add(this)
  }

  get isOver(): boolean {
    return this.#isOver
  }

  watch(delivery: Delivery, answer?: GatewayResponse): void {
    if (this.#isOver) return
    this.#delivery = delivery
    this.#answer = answer
    this.#stopObserving = delivery.observe(this)
    if (this.#respond === 'accepted') this.settle(succeeded(accepted(delivery.id)))
    else if (delivery.isAnswered) this.#answered(delivery)
    if (this.#respond !== 'accepted' && delivery.hasDied) this.died()
    if (delivery.isPaused) this.paused()
  }

  attempted(attempt: Attempt): void {
    this.#call.adopt(attempt)
  }

  acknowledged(response: GatewayResponse): void {
    if (this.#delivery !== undefined) this.#answered(this.#delivery, response)
  }

  died(): void {
    const delivery = this.#delivery
    if (delivery === undefined) return
    if (delivery.isDeadEverywhere) this.settle(failed(noneAcknowledged(delivery.id)))
    else if (this.#respond === 'all') this.settle(failed(notAllAcknowledged(delivery.id)))
  }

  paused(): void {
    if (this.#delivery !== undefined) this.settle(succeeded(accepted(this.#delivery.id)))
  }

  onAbort(reason: Failure): void {
    const delivery = this.#delivery
    // The write is durable and its delivery goes on: at the deadline 202 is the true answer.
    const isAccepted = delivery !== undefined && reason.code === 'DEADLINE'
    this.settle(isAccepted ? succeeded(accepted(delivery.id)) : failed(reason))
  }

  settle(outcome: Outcome): void {
    this.#isOver = true
    this.#stopObserving?.()
    this.#call.scope.remove(this)
    this.#resolve(outcome)
  }

  /** `latest`: the new answer. The client gets the first answer, unless a crash has lost it. */
  #answered(delivery: Delivery, latest?: GatewayResponse): void {
    if (this.#respond === 'all' && !delivery.isAcknowledgedByAll) return
    const answer = delivery.answer ?? this.#answer ?? latest
    this.settle(succeeded(answer === undefined ? accepted(delivery.id) : linked(answer, delivery.id)))
  }
}

/** RFC 8631: links to the status of the write at all its targets, whatever this answer says. */
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
  return ownResponse(202, [...headers, ...linkTo(id)], body)
}

function newDelivery(request: GatewayRequest, lane: Lane, options: AcceptOptions): NewDelivery {
  const body = request.body instanceof Uint8Array ? request.body : undefined
  const { method, path, query } = request
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
  const none = { nextAttemptAt: undefined, waitMs: undefined, outcome: undefined, status: undefined, detail: undefined }
  return { target, state: 'pending', attempts: 0, ...none }
}

const maxKeyLength = 1024

/** All clients would share an empty key; with two keys it is unclear which one counts. */
function keyProblem({ headers }: GatewayRequest): Failure | undefined {
  const keys = headerValues(headers, 'idempotency-key')
  const [key] = keys
  if (key === undefined) return undefined
  if (keys.length > 1) return failure('BAD_REQUEST', `Idempotency-Key is given ${keys.length} times; allowed: once`)
  if (key.trim() !== '' && key.length <= maxKeyLength) return undefined
  const found = key.trim() === '' ? 'empty' : `${key.length} characters long`
  return failure('BAD_REQUEST', `The Idempotency-Key is ${found}; allowed: 1 to ${maxKeyLength} characters`)
}

/** Includes the lane, which may come from a header: the same key for another user is another write. */
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
