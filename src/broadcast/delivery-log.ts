import type { Timer } from '../kit/clock.ts'
import { countOf } from '../kit/count-of.ts'
import type { Runtime } from '../kit/runtime.ts'
import type { Deliveries } from './deliveries.ts'

export type DeliveryLogOptions = Pick<Runtime, 'clock' | 'events' | 'log'>

/** After an outage thousands may die at once: the log names one per interval and counts the others. */
const quietMs = 1000

/** Logs dead letters, answers that unexpectedly do not count, and the undelivered writes at start and shutdown. */
export class DeliveryLog {
  readonly #options: DeliveryLogOptions
  readonly #stopListening: readonly (() => void)[]
  /** Routes and targets with an answer that did not count, so that each is logged once. */
  readonly #uncounted = new Set<string>()
  #more = 0
  #timer: Timer | undefined
  #hasEnded = false

  constructor(options: DeliveryLogOptions) {
    this.#options = options
    const onDead = options.events.on('delivery.dead', ({ deliveryId, target, attempts }) => {
      if (this.#timer !== undefined) {
        this.#more++
        return
      }
      options.log(
        `dead letter: ${target} did not acknowledge delivery ${deliveryId} within ${countOf(attempts, 'attempt')}; ` +
          `\`hedgerow deliveries show ${deliveryId}\` shows why, \`hedgerow deliveries replay ${deliveryId}\` sends it again`,
        'warn',
      )
      this.#timer = options.clock.after(quietMs, () => this.#tellMore())
    })
    const onUncounted = options.events.on('delivery.uncounted', ({ target, status, counted }, { route }) => {
      // A reload may change the statuses, so they are part of the key.
      const key = JSON.stringify([route.name, target, counted])
      if (this.#uncounted.has(key)) return
      this.#uncounted.add(key)
      options.log(
        `${target} answered ${status}, which success.status [${counted}] of ${route.name} does not accept, so the write ` +
          `will be sent again. If ${status} means that ${target} has stored it, add ${status} to success.status.`,
        'warn',
      )
    })
    this.#stopListening = [onDead, onUncounted]
  }

  resumed({ pendingCount, abandonedCount }: Deliveries): void {
    if (pendingCount > 0)
      this.#options.log(
        `resuming ${countOf(pendingCount, 'unfinished delivery', 'unfinished deliveries')} from an earlier run`,
      )
    this.abandoned(abandonedCount)
  }

  /** At startup, or after a reload. */
  abandoned(count: number): void {
    if (count === 0) return
    this.#options.log(
      `${countOf(count, 'new dead letter')}: the route or target is no longer configured; see \`hedgerow deliveries list --state dead\``,
      'warn',
    )
  }

  ended(pendingCount: number): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    for (const stop of this.#stopListening) stop()
    this.#tellMore()
    if (pendingCount > 0)
      this.#options.log(
        `${countOf(pendingCount, 'unfinished delivery', 'unfinished deliveries')} left for the next start`,
      )
  }

  #tellMore(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (this.#more === 0) return
    this.#options.log(
      `${countOf(this.#more, 'more dead letter')}; see \`hedgerow deliveries list --state dead\``,
      'warn',
    )
    this.#more = 0
  }
}
