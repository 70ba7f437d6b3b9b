import type { Attempt, AttemptKind, Target } from '../core/attempt.ts'
import type { Call, RouteFacts } from '../core/call.ts'
import type { GatewayEvent } from '../core/events.ts'
import type { Failure } from '../core/failure.ts'
import type { CallTrace } from '../core/trace.ts'
import type { Clock } from './clock.ts'
import type { EventBus } from './event-bus.ts'
import { HeldBytes, releasedBytes } from './held-bytes.ts'
import type { HeldMemory } from './held-memory.ts'
import { Scope } from './scope.ts'

export interface CallOptions {
  readonly id: string
  readonly route: RouteFacts
  readonly clock: Clock
  readonly events: EventBus
  /** Default: now. */
  readonly startedAtMs?: number
  readonly trace?: CallTrace | undefined
  /** Counts the bytes held for the call. */
  readonly memory?: HeldMemory | undefined
}

/** The call that a listener creates for each client request. */
export class LiveCall implements Call {
  readonly id: string
  readonly route: RouteFacts
  readonly startedAtMs: number
  readonly trace: CallTrace | undefined
  readonly scope = new Scope()
  readonly kind = 'first'
  readonly attempts: Attempt[] = []
  deadlineAtMs = Number.POSITIVE_INFINITY
  #queuedMs = 0
  #queuesSinceMs: number | undefined
  readonly #clock: Clock
  readonly #events: EventBus
  readonly #memory: HeldMemory | undefined
  /** Created on the first `hold`: most calls hold nothing. */
  #held: HeldBytes | undefined

  constructor(options: CallOptions) {
    this.#memory = options.memory
    this.id = options.id
    this.route = options.route
    this.#clock = options.clock
    this.#events = options.events
    this.trace = options.trace
    this.startedAtMs = options.startedAtMs ?? options.clock.now()
  }

  get queuedMs(): number {
    return this.#queuesSinceMs === undefined ? this.#queuedMs : this.#queuedMs + this.#clock.now() - this.#queuesSinceMs
  }

  queues(isWaiting: boolean): void {
    this.#queuedMs = this.queuedMs
    this.#queuesSinceMs = isWaiting ? this.#clock.now() : undefined
  }

  elapsedMs(): number {
    return this.#clock.now() - this.startedAtMs
  }

  remainingMs(): number {
    return this.remainingTo(this.deadlineAtMs)
  }

  remainingTo(deadlineAtMs: number): number {
    return Math.max(0, deadlineAtMs - this.#clock.now())
  }

  expireAt(deadlineAtMs: number): void {
    this.deadlineAtMs = Math.min(this.deadlineAtMs, deadlineAtMs)
  }

  begin(target: Target): Attempt {
    return this.beginAs(this.kind, target)
  }

  adopt(attempt: Attempt): void {
    this.attempts.push(attempt)
  }

  beginAs(kind: AttemptKind, target: Target): Attempt {
    const attempt: Attempt = {
      number: this.attempts.length + 1,
      kind,
      target,
      startedMs: this.elapsedMs(),
      endedMs: undefined,
      stalledMs: 0,
      outcome: undefined,
      status: undefined,
      detail: undefined,
      won: false,
    }
    this.attempts.push(attempt)
    return attempt
  }

  hold(bytes: number): boolean {
    this.#held ??= new HeldBytes(this.#memory)
    return this.#held.hold(bytes)
  }

  letGo(bytes: number): void {
    this.#held?.letGo(bytes)
  }

  /** Counts a response of this size that is being written: it is in memory, whether there is room or not. */
  holdAtLeast(bytes: number): void {
    this.#held ??= new HeldBytes(this.#memory)
    this.#held.holdAtLeast(bytes)
  }

  release(): void {
    this.#held ??= releasedBytes
    this.#held.release()
  }

  emit(event: GatewayEvent): void {
    this.#events.emit(event, this)
  }

  fork(kind: AttemptKind): Call {
    return new CallFork(this, this.scope, kind, undefined)
  }

  detached(): Call {
    return new CallFork(this, undefined, 'first', new HeldBytes(this.#memory))
  }

  abort(reason: Failure): void {
    this.scope.onAbort(reason)
  }
}

/** A line of attempts within a call: it has its own scope and kind and shares the rest with the call. */
class CallFork implements Call {
  readonly scope = new Scope()
  readonly kind: AttemptKind
  readonly #call: LiveCall
  /** Undefined if detached; a detached fork has its own deadline instead. */
  readonly #parent: Scope | undefined
  #ownDeadlineAtMs: number | undefined
  /** Only if detached, as the call may end first. */
  readonly #ownHeld: HeldBytes | undefined

  constructor(call: LiveCall, parent: Scope | undefined, kind: AttemptKind, ownHeld: HeldBytes | undefined) {
    this.#call = call
    this.#ownHeld = ownHeld
    this.#parent = parent
    this.kind = kind
    if (parent === undefined) this.#ownDeadlineAtMs = call.deadlineAtMs
    else parent.add(this.scope)
  }

  get id(): string {
    return this.#call.id
  }
  get route(): RouteFacts {
    return this.#call.route
  }
  get startedAtMs(): number {
    return this.#call.startedAtMs
  }
  get trace(): CallTrace | undefined {
    return this.#call.trace
  }
  get deadlineAtMs(): number {
    return this.#ownDeadlineAtMs ?? this.#call.deadlineAtMs
  }
  get attempts(): readonly Attempt[] {
    return this.#call.attempts
  }
  get queuedMs(): number {
    return this.#call.queuedMs
  }

  elapsedMs(): number {
    return this.#call.elapsedMs()
  }
  remainingMs(): number {
    return this.#call.remainingTo(this.deadlineAtMs)
  }
  expireAt(deadlineAtMs: number): void {
    if (this.#ownDeadlineAtMs === undefined) this.#call.expireAt(deadlineAtMs)
    else this.#ownDeadlineAtMs = Math.min(this.#ownDeadlineAtMs, deadlineAtMs)
  }
  queues(isWaiting: boolean): void {
    this.#call.queues(isWaiting)
  }
  begin(target: Target): Attempt {
    return this.#call.beginAs(this.kind, target)
  }
  adopt(attempt: Attempt): void {
    this.#call.adopt(attempt)
  }
  hold(bytes: number): boolean {
    return (this.#ownHeld ?? this.#call).hold(bytes)
  }
  letGo(bytes: number): void {
    ;(this.#ownHeld ?? this.#call).letGo(bytes)
  }
  /** Releases only a detached fork's own bytes: the call itself goes on. */
  release(): void {
    this.#ownHeld?.release()
  }
  emit(event: GatewayEvent): void {
    this.#call.emit(event)
  }
  fork(kind: AttemptKind): Call {
    return new CallFork(this.#call, this.scope, kind, this.#ownHeld)
  }
  detached(): Call {
    return this.#call.detached()
  }
  abort(reason: Failure): void {
    this.#parent?.remove(this.scope)
    this.scope.onAbort(reason)
  }
}
