import type { Target } from '../../src/core/attempt.ts'
import type { GatewayEvent } from '../../src/core/events.ts'
import type { Failure, FailureCode } from '../../src/core/failure.ts'
import type { Failed, Outcome } from '../../src/core/outcome.ts'
import type { GatewayRequest } from '../../src/core/request.ts'
import type { GatewayResponse } from '../../src/core/response.ts'
import type { Clock } from '../../src/kit/clock.ts'
import { EventBus } from '../../src/kit/event-bus.ts'
import type { HeldMemory } from '../../src/kit/held-memory.ts'
import { LiveCall } from '../../src/kit/live-call.ts'

export function requestOf(change: Partial<GatewayRequest> = {}): GatewayRequest {
  return {
    method: 'GET',
    path: '/api/work',
    query: '',
    headers: [],
    body: undefined,
    params: {},
    upgrade: undefined,
    ...change,
  }
}

export function targetOf(name: string, weight = 1): Target {
  return { upstream: 'work', name, origin: `http://${name}:80`, authority: name, basePath: '', weight }
}

export interface TestCall {
  readonly call: LiveCall
  readonly events: GatewayEvent[]
}

const eventTypes = [
  'call.shed',
  'attempt.started',
  'attempt.ended',
  'hedge.sent',
  'hedge.denied',
  'retry.scheduled',
  'retry.denied',
  'delivery.accepted',
  'callback.received',
  'waiter.ended',
] as const

/** A call that records the events emitted on it. */
export function callOf(clock: Clock, memory?: HeldMemory): TestCall {
  const bus = new EventBus()
  const events: GatewayEvent[] = []
  for (const type of eventTypes) bus.on(type, (event) => events.push(event))
  const route = { name: 'GET /api/work', strategy: 'test', idleTimeoutMs: 30_000 }
  return { call: new LiveCall({ id: 'call-1', route, clock, events: bus, memory }), events }
}

export function responseOf(outcome: Outcome | undefined): GatewayResponse {
  if (outcome?.ok !== true) throw new Error(`a response was expected: ${JSON.stringify(outcome)}`)
  return outcome.response
}

/** The failure of an outcome or another result that must be one. */
export function failureOf(result: { readonly ok: true } | Failed | undefined): Failure {
  if (result === undefined || result.ok) throw new Error('a failure was expected')
  return result.failure
}

export function textOf(outcome: Outcome | undefined): string {
  const { body } = responseOf(outcome)
  if (!(body instanceof Uint8Array)) throw new Error('a held body was expected')
  return Buffer.from(body).toString()
}

/** The code of a failure, `ok` for an answer; undefined while the promise is pending. */
export function codeOf(outcome: Outcome | undefined): FailureCode | 'ok' | undefined {
  return outcome === undefined ? undefined : outcome.ok ? 'ok' : outcome.failure.code
}

export interface Watched {
  outcome: Outcome | undefined
  settledMs: number | undefined
}

/** Records how a promise settles, so that a test can check it between moves of the clock. */
export function watch(promise: Promise<Outcome>, clock: Clock): Watched {
  const watched: Watched = { outcome: undefined, settledMs: undefined }
  void promise.then((outcome) => {
    watched.outcome = outcome
    watched.settledMs = clock.now()
  })
  return watched
}
