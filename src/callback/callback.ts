import type { AbortListener } from '../core/abort.ts'
import { isHeld } from '../core/body.ts'
import type { Call } from '../core/call.ts'
import type { WaiterEnd } from '../core/events.ts'
import { type Failure, failure } from '../core/failure.ts'
import { failed, type Outcome, succeeded } from '../core/outcome.ts'
import type { GatewayRequest } from '../core/request.ts'
import { type GatewayResponse, ownResponse } from '../core/response.ts'
import type { Result } from '../core/result.ts'
import type { Layer, Service } from '../core/service.ts'
import type { Clock, Timer } from '../kit/clock.ts'
import { statusCounts } from '../layers/success/success.ts'
import { anySuccess, type Strategy, type StrategyDeps } from '../strategies/strategy.ts'
import { backendFailed, backendRefused } from './backend-failure.ts'
import { type Callbacks, callbackGraceMs } from './callbacks.ts'
import { type CallbackOptions, callbackOptions } from './options.ts'
import { type Preference, readPreference } from './prefer.ts'
import { type Terms, termsOf } from './result-rules.ts'
import { callbackAt, type Issue } from './token.ts'
import { inscribe } from './token-placement.ts'
import type { Waiter } from './waiter.ts'

export interface CallbackDeps extends StrategyDeps {
  /** Set when a route of the configuration uses `callback`. */
  readonly callbacks: Callbacks | undefined
}

/** See `waiter.ts` for the states of one call. */
function callback(options: CallbackOptions, { callbacks, clock }: CallbackDeps): Layer {
  const terms = termsOf({ maxAnswer: options.maxAnswer, status: options.receive.status })
  const good = options.success.status ?? anySuccess
  const acknowledges = (status: number): boolean => statusCounts(good, status)
  return function callbackLayer(next) {
    if (callbacks === undefined) throw new Error('a route waits for callbacks, and nothing takes them')
    const address = inscribe(options, callbacks.publicUrl)
    return (request, call) => {
      const expiresAtMs = clock.wallNow() + call.remainingMs() + callbackGraceMs(callbacks.keepMs)
      const issue = callbacks.signer.issue(options.durable, expiresAtMs)
      const preference = readPreference(request.headers)
      const wait = (addressed: Result<GatewayRequest>): Promise<Outcome> => {
        if (!addressed.ok) return Promise.resolve(addressed)
        return new Promise((resolve) => {
          const waiting = new Wait({ terms, issue, call, callbacks, clock, preference, resolve })
          waiting.start(addressed.value, next, acknowledges)
        })
      }
      const addressed = address(request, callbacks.signer.token(issue, callbackAt(options.receive.path)), call.scope)
      return addressed instanceof Promise ? addressed.then(wait) : wait(addressed)
    }
  }
}

interface WaitOptions {
  readonly terms: Terms
  readonly issue: Issue
  readonly call: Call
  readonly callbacks: Callbacks
  readonly clock: Clock
  readonly preference: Preference
  readonly resolve: (outcome: Outcome) => void
}

/** The thin shell around one waiter: calls the backend, and ends the waiter if the client need not or will not wait. */
class Wait implements AbortListener {
  readonly #options: WaitOptions
  readonly #waiter: Waiter
  /** Outlives the call, because a client with a ticket already has its answer. */
  readonly #line: Call
  #timer: Timer | undefined

  constructor(options: WaitOptions) {
    this.#options = options
    const { call, callbacks, clock, issue, resolve } = options
    this.#line = call.detached()
    const startedAtMs = clock.wallNow()
    const expiresAtMs = startedAtMs + call.remainingMs()
    const facts = { id: issue.id, route: call.route.name, startedAtMs, expiresAtMs, terms: options.terms }
    // Before the backend is called: its callback may arrive before its own answer.
    this.#waiter = callbacks.waiters.register(facts, (outcome, as) => {
      this.#timer?.cancel()
      call.scope.remove(this)
      // A client with a ticket still wants the result, so the backend may be retried.
      if (as !== 'timedOut') {
        this.#stopAsking()
        callbacks.withdraw(issue.id)
      }
      call.emit({ type: 'waiter.ended', as, waitedMs: call.elapsedMs() })
      resolve(outcome)
    })
  }

  start(request: GatewayRequest, next: Service, acknowledges: (status: number) => boolean): void {
    const { call, callbacks, clock, preference } = this.#options
    call.scope.add(this)
    // Aborted already.
    if (!this.#waiter.isOpen) return
    const { respondAsync } = preference
    const waitMs = callbacks.keepMs === 0 ? undefined : (preference.waitMs ?? (respondAsync ? 0 : undefined))
    // Before the backend is called: it would work for a client that gets 503.
    const isForTicket = waitMs !== undefined && (respondAsync || waitMs === 0)
    if (isForTicket && this.#ticket() === undefined) return this.#end('refused', failed(noTickets))
    void this.#askBackend(request, next, acknowledges)
    if (!this.#waiter.isOpen || waitMs === undefined || waitMs >= call.remainingMs()) return
    if (waitMs === 0) this.#waitIsOver()
    else this.#timer = clock.after(waitMs, () => this.#waitIsOver())
  }

  async #askBackend(request: GatewayRequest, next: Service, acknowledges: (status: number) => boolean): Promise<void> {
    const { callbacks, issue } = this.#options
    callbacks.begun(issue.id, () => this.#stopAsking())
    try {
      await this.#backendAnswered(await next(request, this.#line), acknowledges)
    } catch (error) {
      this.#failedByBug(error)
    } finally {
      this.#line.release()
      callbacks.done(issue.id)
    }
  }

  /** No more retries; an acknowledgement in transit is still accepted. */
  #stopAsking(): void {
    this.#line.expireAt(this.#options.clock.now())
    // Otherwise the retry layer would send the request again after its backoff.
    if (this.#line.attempts.at(-1)?.endedMs !== undefined) this.#line.abort(resultIsThere)
  }

  /** The deadline has passed, or the client has disconnected. */
  onAbort(reason: Failure): void {
    const { preference } = this.#options
    if (!this.#waiter.isOpen) return
    const isAccepted = this.#waiter.state === 'acknowledged'
    this.#line.abort(reason)
    if (reason.code !== 'DEADLINE') return this.#end('gone', failed(reason))
    const ticket = this.#ticket()
    const asked = this.#line.attempts.at(-1)?.target.name ?? 'the backend'
    const detail = isAccepted
      ? `${asked} accepted the work but has posted no result: ${lowerFirst(reason.detail)}`
      : reason.detail
    // A ticket beats a failure, but promises a result, so the backend must have taken the work.
    const wantsTicket = preference.respondAsync && isAccepted && ticket !== undefined
    this.#end('timedOut', wantsTicket ? succeeded(accepted(ticket, preference)) : failed({ ...reason, detail, ticket }))
  }

  #waitIsOver(): void {
    const { preference } = this.#options
    if (!this.#waiter.isOpen) return
    const ticket = this.#ticket()
    if (preference.respondAsync && ticket !== undefined) {
      return this.#end('timedOut', succeeded(accepted(ticket, preference)))
    }
    const waitMs = preference.waitMs ?? 0
    const detail = `No result within the ${waitMs / 1000} s that the client agreed to wait (Prefer: wait)`
    this.#end('timedOut', failed(failure('WAIT_OVER', detail, { ticket, headers: applied(preference) })))
  }

  #backendAnswered(outcome: Outcome, acknowledges: (status: number) => boolean): Promise<void> | undefined {
    if (!outcome.ok || !acknowledges(outcome.response.status)) return this.#backendRefused(outcome)
    const { body } = outcome.response
    if (!isHeld(body)) body.discard()
    if (this.#waiter.isOpen) this.#waiter.acknowledge()
    return undefined
  }

  async #backendRefused(outcome: Outcome): Promise<void> {
    const waiter = this.#waiter
    const { clock } = this.#options
    const reason = outcome.ok ? await backendRefused(outcome.response, clock) : backendFailed(outcome.failure)
    // The backend has not refused the work, so its result may still arrive.
    if (waiter.isOpen && reason.code === 'UPSTREAM_TIMEOUT') {
      this.#end('timedOut', failed({ ...reason, ticket: this.#ticket() }))
    } else if (waiter.isOpen) this.#end('refused', failed(reason))
    else if (waiter.state === 'timedOut') await this.#keepFailure(reason)
  }

  /** The client already has its ticket and finds the failure there. */
  async #keepFailure({ code, detail }: Failure): Promise<void> {
    const { callbacks, issue } = this.#options
    // The gateway gave up the attempt; its result may still arrive.
    if (code === 'DEADLINE' || code === 'UPSTREAM_TIMEOUT') return
    const { route } = this.#waiter.facts
    await callbacks.keep(issue, route, { kind: 'failure', code, detail })
  }

  #failedByBug(error: unknown): void {
    const { call, callbacks } = this.#options
    callbacks.reportBug(error, call.id)
    if (!this.#waiter.isOpen) return
    this.#end(
      'refused',
      failed(failure('INTERNAL', 'Internal error in the gateway; its log has the cause', { cause: error })),
    )
  }

  #ticket(): string | undefined {
    return this.#options.callbacks.promise(this.#options.issue, this.#waiter.facts)
  }

  #end(as: WaiterEnd, outcome: Outcome): void {
    this.#options.callbacks.waiters.end(this.#waiter, as, outcome)
  }
}

const resultIsThere = failure('CANCELLED', 'The call ended before its backend was asked again')

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}

const noTickets = failure('STORE_FULL', 'The store holds as many tickets as allowed (callbacks.tickets.limit)')

function accepted(ticket: string, preference: Preference): GatewayResponse {
  const body = Buffer.from(`${JSON.stringify({ status: 'running', ticket })}\n`)
  const headers = ['content-type', 'application/json', 'location', ticket, 'cache-control', 'no-store']
  return ownResponse(202, [...headers, ...applied(preference)], body)
}

function applied({ respondAsync, waitMs }: Preference): readonly string[] {
  const names = [...(respondAsync ? ['respond-async'] : []), ...(waitMs === undefined ? [] : [`wait=${waitMs / 1000}`])]
  return names.length === 0 ? [] : ['preference-applied', names.join(', ')]
}

export const callbackDeadlineMs = 5000

export const callbackFailureStatuses = {
  DEADLINE: 503,
  UPSTREAM_REFUSED: 503,
  UPSTREAM_TLS: 503,
  UPSTREAM_RESET: 503,
  UPSTREAM_TIMEOUT: 503,
} as const

export const callbackStrategy: Strategy<typeof callbackOptions, CallbackDeps> = {
  options: callbackOptions,
  settings: ({ receive, durable }) => `result at ${receive.path}, ${durable ? 'durable' : 'in memory'}`,
  plan: (options, deps) => ({
    attempts: { kind: 'line', line: options, layer: callback(options, deps) },
    goodStatus: anySuccess,
    // A backend that refuses the work explains why, and the client gets that message.
    answer: { kind: 'passed', upgrades: false, maxBytes: options.maxAnswer },
    body: { kind: 'held', maxBytes: options.bodyLimit },
    usualDeadlineMs: callbackDeadlineMs,
    // The result is missing, not the backend's answer, and may be available later.
    failureStatuses: callbackFailureStatuses,
  }),
}
