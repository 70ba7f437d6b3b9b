import type { GatewayEvent } from '../../src/core/events.ts'
import { type GatewayRequest, targetRequest } from '../../src/core/request.ts'
import type { Layer, TargetLayer } from '../../src/core/service.ts'
import type { HeldMemory } from '../../src/kit/held-memory.ts'
import type { LiveCall } from '../../src/kit/live-call.ts'
import { callOf, requestOf, targetOf, type Watched, watch } from './calls.ts'
import { FakeUpstream, type Script } from './fake-upstream.ts'
import { VirtualClock } from './virtual-clock.ts'

export interface Served {
  readonly clock: VirtualClock
  readonly upstream: FakeUpstream
  readonly call: LiveCall
  readonly events: readonly GatewayEvent[]
  readonly answer: Watched
}

/** Gives each request an attempt, as a balancer would. */
export function atTarget(layer: TargetLayer, name = 'target'): Layer {
  return (next) => {
    const inner = layer(next)
    return (request, call) => inner(targetRequest(request, call.begin(targetOf(name))), call)
  }
}

type Scripts = ConstructorParameters<typeof FakeUpstream>[1]

/** Sends one request through a layer over a fake upstream, in virtual time. */
export function served(
  layerOf: (clock: VirtualClock) => Layer,
  script: Scripts = [],
  request: Partial<GatewayRequest> = {},
  memory?: HeldMemory,
): Served {
  const bench = layerBench(layerOf, script, memory)
  return { ...bench, ...bench.send(request) }
}

/** Sends several calls through one layer, which may share budgets and samples. */
export function layerBench(layerOf: (clock: VirtualClock) => Layer, script: Scripts = [], memory?: HeldMemory) {
  const clock = new VirtualClock()
  const upstream = new FakeUpstream(clock, script)
  const service = layerOf(clock)(upstream.service)
  const send = (request: Partial<GatewayRequest> = {}) => {
    const { call, events } = callOf(clock, memory)
    return { call, events, answer: watch(service(requestOf(request), call), clock) }
  }
  return { clock, upstream, send }
}

/** Never answers. */
export const hang: Script = { afterMs: 0, hangs: true }

/** Send time of each exchange. */
export function sentMs({ seen }: FakeUpstream): readonly number[] {
  return seen.map((exchange) => exchange.sentMs)
}

/** Abort reason of each exchange; undefined for exchanges that were not aborted. */
export function abortCodes({ seen }: FakeUpstream): readonly (string | undefined)[] {
  return seen.map(({ aborted }) => aborted?.code)
}
