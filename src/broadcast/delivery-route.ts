import type { Target } from '../core/attempt.ts'
import type { TargetService } from '../core/service.ts'
import type { StatusRange } from '../layers/success/options.ts'
import type { DeliveryLeg } from './delivery.ts'
import { queueName } from './queues.ts'
import type { ScheduleOptions } from './schedule.ts'

/** A route's settings for its deliveries. */
export interface DeliveryRoute {
  readonly name: string
  readonly upstream: string
  readonly targets: readonly Target[]
  readonly attempts: number
  readonly attemptTimeoutMs: number
  readonly schedule: ScheduleOptions
  readonly concurrency: number
  /** The statuses that acknowledge a write; undefined if the route does not set them. */
  readonly statuses: readonly StatusRange[] | undefined
  /** Sends one attempt to the target that the request names. */
  readonly send: TargetService
}

/** The routes as currently configured. Do not cache a route: a reload may replace or remove it. */
export class DeliveryRoutes {
  #routes: ReadonlyMap<string, DeliveryRoute> = new Map()

  replace(routes: readonly DeliveryRoute[]): void {
    this.#routes = new Map(routes.map((route) => [route.name, route]))
  }

  /** Attempts allowed at once, by queue. Several routes may send to one target: the largest of their limits applies. */
  get concurrencies(): ReadonlyMap<string, number> {
    const largest = new Map<string, number>()
    for (const { upstream, targets, concurrency } of this.#routes.values()) {
      for (const target of targets) {
        const name = queueName(upstream, target.name)
        largest.set(name, Math.max(largest.get(name) ?? 0, concurrency))
      }
    }
    return largest
  }

  /** Why a leg cannot be sent any more; undefined if it can. */
  missing({ delivery, target }: DeliveryLeg): string | undefined {
    const route = this.#routes.get(delivery.route)
    if (route === undefined) return 'its route is no longer configured'
    if (route.targets.every(({ name }) => name !== target)) return 'its target is no longer configured'
    return undefined
  }

  /** The route of a leg for which `missing` is undefined. */
  of({ delivery }: DeliveryLeg): DeliveryRoute {
    const route = this.#routes.get(delivery.route)
    if (route === undefined) throw new Error(`the route ${delivery.route} has no deliveries`)
    return route
  }
}
