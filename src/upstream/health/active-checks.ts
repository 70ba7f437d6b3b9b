import type { Target } from '../../core/attempt.ts'
import { isHeld } from '../../core/body.ts'
import type { RouteFacts } from '../../core/call.ts'
import { failure } from '../../core/failure.ts'
import type { Outcome } from '../../core/outcome.ts'
import { type GatewayRequest, targetRequest } from '../../core/request.ts'
import type { TargetService } from '../../core/service.ts'
import type { Clock, Timer } from '../../kit/clock.ts'
import { EventBus } from '../../kit/event-bus.ts'
import { LiveCall } from '../../kit/live-call.ts'
import type { Random } from '../../kit/random.ts'
import { timeLimit } from '../../kit/time-limit.ts'
import { statusCounts } from '../../layers/success/success.ts'
import type { HealthOptions } from './options.ts'

export interface CheckResult {
  readonly isGood: boolean
  /** `status 200`, `refused`: the result in a few words. */
  readonly detail: string
}

export interface ActiveChecksOptions {
  readonly targets: readonly Target[]
  readonly options: HealthOptions
  readonly clock: Clock
  readonly random: Random
  /** The innermost service of the clients of these targets. */
  readonly send: TargetService
  /** Not called for a check that the gateway could not send. */
  readonly onResult: (index: number, result: CheckResult) => void
}

const facts: RouteFacts = { name: 'health check', strategy: 'health', idleTimeoutMs: 30_000 }

/** Checks every target immediately, then repeatedly; never while the target's last check is in flight. */
export class ActiveChecks {
  readonly #options: ActiveChecksOptions
  readonly #timers = new Map<number, Timer>()
  readonly #calls = new Map<number, LiveCall>()
  /** A bus of their own: checks must not count in any figures. */
  readonly #events = new EventBus()
  #isClosed = false

  constructor(options: ActiveChecksOptions) {
    this.#options = options
    for (const index of options.targets.keys()) this.#begin(index)
  }

  close(): void {
    this.#isClosed = true
    for (const timer of this.#timers.values()) timer.cancel()
    for (const call of this.#calls.values()) call.abort(failure('CANCELLED', 'Health checks have stopped'))
  }

  #begin(index: number): void {
    const { clock, random, options } = this.#options
    const startedAtMs = clock.now()
    const again = (result: CheckResult | undefined): void => {
      if (this.#isClosed) return
      if (result !== undefined) this.#options.onResult(index, result)
      const dueAtMs = startedAtMs + options.interval + random() * options.jitter
      const waitMs = Math.max(0, dueAtMs - clock.now())
      this.#timers.set(
        index,
        clock.after(waitMs, () => this.#begin(index)),
      )
    }
    this.#check(index).then(again, (error: unknown) => again({ isGood: false, detail: String(error) }))
  }

  async #check(index: number): Promise<CheckResult | undefined> {
    const { targets, clock, send, options } = this.#options
    const call = new LiveCall({ id: 'health-check', route: facts, clock, events: this.#events })
    const attempt = call.begin(targets[index] as Target)
    call.expireAt(clock.now() + options.timeout)
    const timer = timeLimit(options.timeout, clock, () => {
      call.abort(failure('UPSTREAM_TIMEOUT', `no answer within ${options.timeout} ms`))
    })
    this.#calls.set(index, call)
    try {
      return resultOf(await send(targetRequest({ ...question, path: options.path }, attempt), call), options)
    } finally {
      timer.cancel()
      this.#calls.delete(index)
    }
  }
}

const question: Omit<GatewayRequest, 'path'> = {
  method: 'GET',
  query: '',
  headers: ['user-agent', 'hedgerow-health-check', 'accept', '*/*'],
  body: undefined,
  params: {},
  upgrade: undefined,
}

/** Undefined: the gateway itself could not send the check, which says nothing about the target. */
function resultOf(outcome: Outcome, options: HealthOptions): CheckResult | undefined {
  if (!outcome.ok) {
    const { code, detail } = outcome.failure
    return code === 'GATEWAY_EXHAUSTED' ? undefined : { isGood: false, detail }
  }
  const { status, body, upgraded } = outcome.response
  if (!isHeld(body)) body.discard()
  upgraded?.destroy()
  return { isGood: statusCounts(options.status, status), detail: `status ${status}` }
}
