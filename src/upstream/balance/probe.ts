import type { Target } from '../../core/attempt.ts'
import { isHeld } from '../../core/body.ts'
import { failure } from '../../core/failure.ts'
import { headerValue } from '../../core/headers.ts'
import { type GatewayRequest, targetRequest } from '../../core/request.ts'
import type { TargetService } from '../../core/service.ts'
import type { Clock } from '../../kit/clock.ts'
import { EventBus } from '../../kit/event-bus.ts'
import { LiveCall } from '../../kit/live-call.ts'

/** Response headers of a probe. */
export const inFlightField = 'x-load-in-flight'
export const latencyField = 'x-load-latency-ms'

/** The load that a target reports. */
export interface TargetReport {
  /** Requests in progress at the target, from all clients. */
  readonly inFlight: number
  /** Current latency of a request; undefined when not reported. */
  readonly latencyMs: number | undefined
}

/** `mute`: the target answered, with any status, but reported no load. Undefined: no answer in time. */
export type Probe = (target: Target) => Promise<TargetReport | 'mute' | undefined>

export interface ProbeOptions {
  readonly path: string
  readonly timeoutMs: number
}

const facts = { name: 'probe', strategy: 'probe', idleTimeoutMs: 0 }

/** Probes a target over HTTP. A probe is not a client call, so it is not counted. */
export function httpProbe(send: TargetService, clock: Clock, { path, timeoutMs }: ProbeOptions): Probe {
  const events = new EventBus()
  return async (target) => {
    const call = new LiveCall({ id: 'probe', route: facts, clock, events })
    call.expireAt(clock.now() + timeoutMs)
    const timer = clock.after(timeoutMs, () => call.abort(failure('UPSTREAM_TIMEOUT', 'The probe took too long')))
    const outcome = await send(targetRequest({ ...request, path }, call.begin(target)), call)
    timer.cancel()
    if (!outcome.ok) return undefined
    const { headers, body } = outcome.response
    if (!isHeld(body)) body.discard()
    const inFlight = numberIn(headerValue(headers, inFlightField))
    return inFlight === undefined ? 'mute' : { inFlight, latencyMs: numberIn(headerValue(headers, latencyField)) }
  }
}

const request: Omit<GatewayRequest, 'path'> = {
  method: 'GET',
  query: '',
  headers: [],
  body: undefined,
  params: {},
  upgrade: undefined,
}

function numberIn(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}(?:\.\d{1,9})?$/.test(text) ? Number(text) : undefined
}
