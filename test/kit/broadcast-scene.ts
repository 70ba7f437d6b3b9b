import type { z } from 'zod'
import { Deliveries } from '../../src/broadcast/deliveries.ts'
import type { DeliveryRoute } from '../../src/broadcast/delivery-route.ts'
import { delivering } from '../../src/broadcast/delivery-service.ts'
import { broadcastOptions } from '../../src/broadcast/options.ts'
import type { GatewayRequest } from '../../src/core/request.ts'
import type { Service } from '../../src/core/service.ts'
import { EventBus } from '../../src/kit/event-bus.ts'
import { seededRandom } from '../../src/kit/random.ts'
import { deadline } from '../../src/layers/deadline/deadline.ts'
import { deadlineOptions, resolveDeadline, usualDeadlineMs } from '../../src/layers/deadline/options.ts'
import type { DeliveryStore } from '../../src/store/delivery-store.ts'
import { memoryStore } from '../../src/store/memory-store.ts'
import { callOf, requestOf, targetOf, watch } from './calls.ts'
import { FakeUpstream, type Script, type SeenRequest } from './fake-upstream.ts'
import { VirtualClock } from './virtual-clock.ts'

type OptionsInput = Partial<z.input<typeof broadcastOptions>>
interface SceneOptions {
  readonly idPrefix?: string
  readonly names?: readonly string[]
  /** Clock of the previous life, for a restart. */
  readonly clock?: VirtualClock
}

type Answers = (target: string, attempt: number, request: SeenRequest) => Script | undefined

export const good: Script = { afterMs: 10, status: 201, body: 'created' }
export const bad: Script = { afterMs: 10, fails: 'UPSTREAM_STATUS' }

/** A broadcast route over scripted targets, in virtual time. */
export function scene(
  answers: Answers,
  options: OptionsInput = {},
  store: DeliveryStore = memoryStore({ limits: { maxUndeliveredBytes: 1e9 } }),
  { idPrefix = 'id', names = ['a', 'b', 'c'], clock = new VirtualClock() }: SceneOptions = {},
) {
  const upstream = new FakeUpstream(clock, (_place, request) =>
    answers(request.attempt?.target.name ?? '', Number(headerOf(request, 'x-hedgerow-attempt')), request),
  )
  const faults: unknown[] = []
  const deliveries = new Deliveries({
    store,
    clock,
    random: seededRandom(1),
    events: new EventBus(),
    reportBug: (error) => faults.push(error),
    retentionMs: 86_400_000,
  })
  let ids = 0
  /** Builds the route from these options; `deliveryRoutes` receives its delivery options. */
  const build = (input: OptionsInput, targetNames: readonly string[], deliveryRoutes: DeliveryRoute[]): Service => {
    const { service: takes, route } = delivering(broadcastOptions.parse({ upstream: 'work', ...input }), {
      clock,
      routeName: 'POST /register',
      targets: targetNames.map((name) => targetOf(name)),
      newId: () => `${idPrefix}-${++ids}`,
      deliveries,
      store,
      send: upstream.service,
    })
    deliveryRoutes.push(route)
    return withDeadline(takes, clock)
  }
  /** Loads another configuration. Returns the number of legs that no target of it can take. */
  const reload = (input: OptionsInput, targetNames: readonly string[] = names): number => {
    const deliveryRoutes: DeliveryRoute[] = []
    service = build(input, targetNames, deliveryRoutes)
    return deliveries.reconfigure(deliveryRoutes)
  }
  let service: Service
  reload(options)
  const write = (change: Partial<GatewayRequest> = {}) => {
    const request = requestOf({ method: 'POST', path: '/register', body: Buffer.from('username=bob'), ...change })
    const { call, events } = callOf(clock)
    return { call, events, answer: watch(service(request, call), clock) }
  }
  return { clock, upstream, deliveries, store, write, faults, build, reload }
}

/** The stack has no attempt telemetry here, so outcomes of attempts are not recorded. */
function withDeadline(service: Service, clock: VirtualClock): Service {
  return deadline(resolveDeadline(deadlineOptions.parse('5s'), usualDeadlineMs), clock)(service)
}

export function headerOf(request: GatewayRequest, name: string): string | undefined {
  const place = request.headers.indexOf(name)
  return place < 0 ? undefined : request.headers[place + 1]
}

export function sentTo(upstream: FakeUpstream, target: string): readonly number[] {
  return upstream.seen.filter(({ request }) => request.attempt?.target.name === target).map(({ sentMs }) => sentMs)
}
