import type { Target } from '../../core/attempt.ts'
import { isHeld } from '../../core/body.ts'
import { failure } from '../../core/failure.ts'
import { headerValue } from '../../core/headers.ts'
import type { GatewayRequest } from '../../core/request.ts'
import type { Service } from '../../core/service.ts'
import type { Clock } from '../../kit/clock.ts'
import { EventBus } from '../../kit/event-bus.ts'
import { LiveCall } from '../../kit/live-call.ts'

/** The fields of a probe's answer. */
export const inFlightField = 'x-load-in-flight'
export const latencyField = 'x-load-latency-ms'

/** What a target says of itself. */
export interface TargetReport {
  /** Requests that it is busy with, from whomever. */
  readonly inFlight: number
  /** How long it takes to answer one at the moment; undefined where it does not say. */
  readonly latencyMs: number | undefined
}

/** `mute`: it answers, whatever its status, and says nothing of its load. Undefined: it did not answer in time. */
export type Probe = (target: Target) => Promise<TargetReport | 'mute' | undefined>

export interface ProbeOptions {
  readonly path: string
  readonly timeoutMs: number
}

const facts = { name: 'probe', strategy: 'probe', idleTimeoutMs: 0 }

/** Asks a target by HTTP. It is no call of a client's, so nobody counts it. */
export function httpProbe(send: Service, clock: Clock, { path, timeoutMs }: ProbeOptions): Probe {
  const events = new EventBus()
  return async (target) => {
    const call = new LiveCall({ id: 'probe', route: facts, clock, events })
    call.expireAt(clock.now() + timeoutMs)
    const timer = clock.after(timeoutMs, () => call.abort(failure('UPSTREAM_TIMEOUT', 'The probe took too long')))
    const outcome = await send({ ...request, path, attempt: call.begin(target) }, call)
    timer.cancel()
    if (!outcome.ok) return undefined
    const { headers, body } = outcome.response
    if (!isHeld(body)) body.discard()
    const inFlight = numberIn(headerValue(headers, inFlightField))
    return inFlight === undefined ? 'mute' : { inFlight, latencyMs: numberIn(headerValue(headers, latencyField)) }
  }
}

const request: Omit<GatewayRequest, 'path' | 'attempt'> = {
  method: 'GET',
  query: '',
  headers: [],
  body: undefined,
  params: {},
  upgrade: undefined,
  part: undefined,
}

function numberIn(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}(?:\.\d{1,9})?$/.test(text) ? Number(text) : undefined
}
