import type { Clock, Timer } from '../../kit/clock.ts'
import type { LogText } from '../../kit/log-text.ts'
import type { Change, Reloadable } from '../../kit/reload.ts'
import { clearSlot, type Regions } from '../../kit/shared-memory.ts'
import { Scale, type ScaleOptions } from './autoscale.ts'
import { type PreparableThread, PreparedThreads } from './prepared-threads.ts'
import type { WorkerState } from './protocol.ts'

/** The fewest rows in shared memory for workers: retiring workers keep theirs while others start. */
const leastSlots = 8

/** Rows of shared memory for `max` workers, plus the main thread's own, which is the last. */
export function slotsFor({ max }: { readonly max: number }): number {
  return Math.max(leastSlots, 2 * max) + 1
}

/**
 * The workers of a gateway. Each occupies a slot, its row in shared memory, from its start to its end:
 *
 *     starting ──> serving ──> retiring ──> ended        (fewer are needed)
 *         │           └────────────┴──────> ended        (it died: its slot is cleared, another replaces it)
 *         └──> ended                                     (it cannot start: retried with growing delays)
 *
 * Changes to the whole pool (start, reload, adding or removing a worker) run one after another: from the preparation of
 * a reload to its commit or rollback, no worker starts. One that dies meanwhile is replaced afterwards, by what is in
 * force then.
 */
export type Phase = 'starting' | 'serving' | 'retiring' | 'ended'

/** A thread as the pool sees it. */
export interface PoolThread<Setup> extends PreparableThread<Setup> {
  /** Its row of shared memory. */
  readonly slot: number
  start(setup: Setup): Promise<WorkerState>
  retire(): Promise<void>
  /** Answers as soon as the event loop is free. */
  ping(): Promise<void>
  /** The share of busy time since the last call. */
  utilisation(): number
  terminate(): Promise<void>
  /** Resolves with the reason when the thread has ended. */
  readonly ended: Promise<string>
}

export interface PoolWorker<Thread> {
  /** Counted up, never reused. */
  readonly number: number
  readonly thread: Thread
  readonly phase: Phase
}

/** `idle`: too little work; `reload`: the new configuration has fewer workers. */
export type ExitReason = 'died' | 'idle' | 'reload'

/** A worker's setup; `first`: the state that the first worker reported. */
export type SetupFor<Setup, Thread> = (thread: Thread, regions: Regions, first: WorkerState | undefined) => Setup

/** The settings that a reload changes. */
export interface PoolConfig<Setup, Thread> {
  readonly range: ScaleOptions
  readonly setupFor: SetupFor<Setup, Thread>
}

export interface PoolChange extends Change {
  /** Call this after the commit. Resolves when every worker serves by the new setup. */
  inForce(): Promise<void>
}

export interface PoolOptions<Setup, Thread extends PoolThread<Setup>> {
  readonly range: ScaleOptions
  /** Rows of shared memory; the last is the main thread's. */
  readonly slots: number
  readonly clock: Clock
  readonly log: LogText
  readonly startThread: (slot: number, number: number) => Thread
  readonly setupFor: SetupFor<Setup, Thread>
  /** Called when a worker has started or put another setup in force. */
  readonly onState: (thread: Thread, state: WorkerState) => void
  /** Called before the slot is cleared, also for a worker that could not start. */
  readonly onEnded: (thread: Thread, reason: ExitReason) => void
}

interface Member<Thread> extends PoolWorker<Thread> {
  phase: Phase
  /** When the worker began to serve. */
  servesMs: number
  /** Pings sent since the last answer. */
  silent: number
  /** Why it retires. */
  retiresFor: 'idle' | 'reload'
}

const tickMs = 1000
/** After this many seconds without an answer from its event loop, a thread is terminated and replaced. */
const hungTicks = 30
const firstRetryMs = 100
const longestRetryMs = 10_000
/** A worker that has served this long did not die of its start. */
const soundMs = 2000

export class Pool<Setup, Thread extends PoolThread<Setup>>
  implements Reloadable<PoolConfig<Setup, Thread>, PoolChange>
{
  readonly #options: PoolOptions<Setup, Thread>
  readonly #members = new Set<Member<Thread>>()
  #scale: Scale
  #setupFor: SetupFor<Setup, Thread>
  #range: ScaleOptions
  #regions: Regions = new Map()
  #first: WorkerState | undefined
  /** The next worker to serve is the first with the current configuration; the others start with its state. */
  #mustLearn = true
  #lastNumber = 0
  #retryMs = 0
  #work: Promise<void> = Promise.resolve()
  #tick: Timer | undefined
  readonly #retries = new Set<Timer>()
  #closing = false

  constructor(options: PoolOptions<Setup, Thread>) {
    this.#options = options
    this.#range = options.range
    this.#setupFor = options.setupFor
    this.#scale = new Scale(options.range)
  }

  /** Rejects if the first worker cannot start. */
  async start(): Promise<WorkerState> {
    const { state } = await this.#serially(() => this.#add())
    await this.#serially(() => this.#fill())
    this.#schedule()
    return state
  }

  /** Workers that take calls. */
  get serving(): readonly Thread[] {
    return this.#inPhase('serving')
  }

  /** Includes workers that are starting or retiring. */
  get all(): readonly Thread[] {
    return [...this.#members].map(({ thread }) => thread)
  }

  /** Prepares every worker. Rejects, with all of them as before, if one refuses; one that dies does not count. */
  async prepare(next: PoolConfig<Setup, Thread>): Promise<PoolChange> {
    const endTurn = await this.#turn()
    try {
      const { setupFor } = next
      // Retiring workers still serve their open connections.
      const threads = await PreparedThreads.prepare([...this.serving, ...this.#inPhase('retiring')], {
        setupFor: (thread, regions = this.#regions) => setupFor(thread, regions, this.#first),
        replace: (thread) => this.#giveUp(thread),
      })
      const undoStart = threads.regions === undefined ? await this.#startAnew(setupFor) : undefined
      let inForce = Promise.resolve()
      return {
        commit: () => {
          inForce = this.#commit(next, threads).finally(endTurn)
        },
        inForce: () => inForce,
        rollback: async () => {
          await threads.rollback()
          await undoStart?.()
          endTurn()
        },
      }
    } catch (refusal) {
      endTurn()
      throw refusal
    }
  }

  async #commit(
    { range, setupFor }: PoolConfig<Setup, Thread>,
    threads: PreparedThreads<Setup, Thread>,
  ): Promise<void> {
    this.#setupFor = setupFor
    this.#range = range
    this.#scale = new Scale(range)
    this.#regions = threads.regions ?? this.#regions
    await threads.commit((thread, state) => {
      this.#first = state
      this.#options.onState(thread, state)
    })
    await this.#fill().catch((error: unknown) => this.#retry(error))
    for (const thread of this.serving.slice(range.max)) this.#retire(thread, 'reload')
  }

  /** All have died. One that starts with the new setup shows whether that can be done; returns how to undo it. */
  async #startAnew(setupFor: SetupFor<Setup, Thread>): Promise<() => Promise<void>> {
    const before = { regions: this.#regions, first: this.#first }
    this.#mustLearn = true
    const { thread } = await this.#add(setupFor)
    return async () => {
      this.#regions = before.regions
      this.#first = before.first
      await thread.terminate()
    }
  }

  /** A draining worker ends by itself, with its calls. */
  async #giveUp(thread: Thread): Promise<void> {
    if (!this.#closing) await thread.terminate()
  }

  /** Adds and replaces no more workers, and gives up on those that are still starting. */
  stop(): void {
    this.#closing = true
    for (const thread of this.#inPhase('starting')) void thread.terminate()
    this.#tick?.cancel()
    for (const timer of this.#retries) timer.cancel()
    this.#retries.clear()
  }

  async close(): Promise<void> {
    this.stop()
    // First, as work in progress may wait for a hung worker.
    await Promise.all(this.all.map((thread) => thread.terminate()))
    await this.#work
  }

  #inPhase(phase: Phase): readonly Thread[] {
    return [...this.#members].filter((member) => member.phase === phase).map(({ thread }) => thread)
  }

  async #serially<T>(work: () => Promise<T>): Promise<T> {
    const endTurn = await this.#turn()
    try {
      return await work()
    } finally {
      endTurn()
    }
  }

  /** Waits until all earlier work has ended; later work waits until the returned function is called. */
  async #turn(): Promise<() => void> {
    const before = this.#work
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#work = before.then(() => promise)
    await before
    return resolve
  }

  /** All workers request the same regions of memory: the others get those of the first. */
  #learn(state: WorkerState): void {
    this.#regions = state.regions
    this.#first = state
    this.#mustLearn = false
  }

  /** The others may start in parallel once their shared state exists. */
  async #fill(): Promise<void> {
    if (this.#mustLearn) await this.#add()
    const missing = this.#range.min - this.serving.length
    await Promise.all(Array.from({ length: Math.max(0, missing) }, () => this.#add()))
  }

  async #add(setupFor = this.#setupFor): Promise<{ readonly thread: Thread; readonly state: WorkerState }> {
    if (this.#closing) throw new Error('the gateway is shutting down')
    const { startThread, clock, slots, onState } = this.#options
    const taken = new Set([...this.#members].map(({ thread }) => thread.slot))
    const slot = Array.from({ length: slots - 1 }, (_, index) => index).find((index) => !taken.has(index))
    if (slot === undefined) throw new Error('every slot is taken by a worker that has not ended yet')
    const number = ++this.#lastNumber
    const thread = startThread(slot, number)
    const member: Member<Thread> = { number, thread, phase: 'starting', servesMs: 0, silent: 0, retiresFor: 'idle' }
    this.#members.add(member)
    void thread.ended.then((reason) => this.#ended(member, reason))
    try {
      const state = await thread.start(setupFor(thread, this.#regions, this.#first))
      if (thread.hasEnded) throw new Error('it ended during its start')
      if (this.#closing) throw new Error('the gateway is shutting down')
      member.phase = 'serving'
      member.servesMs = clock.now()
      if (this.#mustLearn) this.#learn(state)
      onState(thread, state)
      return { thread, state }
    } catch (error) {
      await thread.terminate()
      throw error
    }
  }

  #ended(member: Member<Thread>, reason: string): void {
    const { phase, number, thread } = member
    const { onEnded, log, clock, slots } = this.#options
    member.phase = 'ended'
    this.#members.delete(member)
    onEnded(thread, phase === 'retiring' && reason === '' ? member.retiresFor : 'died')
    clearSlot(this.#regions, thread.slot, slots)
    if (this.#closing) return
    if (phase === 'serving') {
      log(`worker ${number} died${reason === '' ? '' : `: ${reason}`}; starting another`, 'warn')
      // A worker that dies right after its start is replaced after growing delays.
      if (clock.now() - member.servesMs > soundMs) this.#retryMs = 0
      this.#replaceIn(this.#retryMs)
      this.#retryMs = longer(this.#retryMs)
    }
  }

  #replace(): void {
    this.#serially(() => this.#fill()).catch((error: unknown) => this.#retry(error))
  }

  #retry(error: unknown): void {
    if (this.#closing) return
    const { log } = this.#options
    const cause = error instanceof Error ? error.message : String(error)
    this.#retryMs = longer(this.#retryMs)
    log(`a worker cannot start: ${cause}; retrying in ${this.#retryMs} ms`, 'warn')
    this.#replaceIn(this.#retryMs)
  }

  #replaceIn(delayMs: number): void {
    const timer = this.#options.clock.after(delayMs, () => {
      this.#retries.delete(timer)
      this.#replace()
    })
    this.#retries.add(timer)
  }

  #schedule(): void {
    if (this.#closing) return
    this.#tick = this.#options.clock.after(tickMs, () => {
      this.#look()
      this.#schedule()
    })
  }

  #look(): void {
    const { log } = this.#options
    const serving = [...this.#members].filter(({ phase }) => phase === 'serving')
    for (const member of serving) {
      const { thread, number } = member
      member.silent++
      void thread.ping().then(
        () => {
          member.silent = 0
        },
        () => {},
      )
      if (member.silent < hungTicks) continue
      log(`worker ${number} unresponsive for ${hungTicks} s: terminating it`, 'warn')
      void thread.terminate()
    }
    const judgement = this.#scale.judge(serving.map(({ thread }) => thread.utilisation()))
    if (judgement === 'add') this.#grow(serving.length)
    const last = serving.at(-1)
    if (judgement === 'end' && last !== undefined) {
      log(`worker ${last.number} is no longer needed: stopping it, ${serving.length - 1} remain`)
      this.#retire(last.thread, 'idle')
    }
  }

  #grow(from: number): void {
    const { log } = this.#options
    log(`${from === 1 ? 'the only worker is' : `all ${from} workers are`} busy: starting another`)
    this.#serially(() => this.#add()).catch((error: unknown) => log(`a worker cannot start: ${String(error)}`, 'warn'))
  }

  #retire(thread: Thread, reason: 'idle' | 'reload'): void {
    const member = [...this.#members].find((one) => one.thread === thread)
    if (member === undefined) return
    member.phase = 'retiring'
    member.retiresFor = reason
    thread.retire().then(
      () => thread.terminate(),
      () => thread.terminate(),
    )
  }
}

function longer(retryMs: number): number {
  return Math.min(longestRetryMs, Math.max(firstRetryMs, 2 * retryMs))
}
