import { Mutex } from '../../kit/mutex.ts'
import type { Reloadable } from '../../kit/reload.ts'
import { Restarts } from '../../kit/restarts.ts'
import { clearSlot, type Regions } from '../../kit/shared-memory.ts'
import type { ScaleOptions } from './autoscale.ts'
import type { PoolChange, PoolConfig, PoolOptions, PoolThread, SetupFor } from './pool-options.ts'
import { PreparedThreads } from './prepared-threads.ts'
import type { WorkerState } from './protocol.ts'
import { freeSlot } from './slots.ts'
import { WorkerWatch } from './worker-watch.ts'

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
type Phase = 'starting' | 'serving' | 'retiring' | 'ended'

interface Member<Thread> {
  readonly thread: Thread
  phase: Phase
  /** When the worker began to serve. */
  servesMs: number
  /** Why it retires. */
  retiresFor: 'idle' | 'reload'
}

export class Pool<Setup, Thread extends PoolThread<Setup>>
  implements Reloadable<PoolConfig<Setup, Thread>, PoolChange>
{
  readonly #options: PoolOptions<Setup, Thread>
  readonly #members = new Set<Member<Thread>>()
  readonly #changes = new Mutex()
  readonly #watch: WorkerWatch<Thread>
  readonly #restarts: Restarts
  #setupFor: SetupFor<Setup, Thread>
  #range: ScaleOptions
  #regions: Regions = new Map()
  #first: WorkerState | undefined
  /** The next worker to serve is the first with the current configuration; the others start with its state. */
  #mustLearn = true
  #lastNumber = 0
  #closing = false

  constructor(options: PoolOptions<Setup, Thread>) {
    this.#options = options
    this.#range = options.range
    this.#setupFor = options.setupFor
    const { range, clock, log } = options
    this.#restarts = new Restarts(clock, () => this.#replace())
    this.#watch = new WorkerWatch({
      range,
      clock,
      log,
      serving: () => this.serving,
      add: () => this.#grow(),
      retire: (thread) => this.#retire(thread, 'idle'),
    })
  }

  /** Rejects if the first worker cannot start. */
  async start(): Promise<WorkerState> {
    const { state } = await this.#changes.run(() => this.#add())
    await this.#changes.run(() => this.#fill())
    if (!this.#closing) this.#watch.start()
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
    const unlock = await this.#changes.lock()
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
          inForce = this.#commit(next, threads).finally(unlock)
        },
        inForce: () => inForce,
        rollback: async () => {
          await threads.rollback()
          await undoStart?.()
          unlock()
        },
      }
    } catch (refusal) {
      unlock()
      throw refusal
    }
  }

  async #commit(
    { range, setupFor }: PoolConfig<Setup, Thread>,
    threads: PreparedThreads<Setup, Thread>,
  ): Promise<void> {
    this.#setupFor = setupFor
    this.#range = range
    this.#watch.scaleWithin(range)
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
    this.#watch.stop()
    this.#restarts.stop()
  }

  async close(): Promise<void> {
    this.stop()
    // First, as work in progress may wait for a hung worker.
    await Promise.all(this.all.map((thread) => thread.terminate()))
    await this.#changes.idle()
  }

  #inPhase(phase: Phase): readonly Thread[] {
    return [...this.#members].filter((member) => member.phase === phase).map(({ thread }) => thread)
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
    const slot = freeSlot(slots, this.all)
    if (slot === undefined) throw new Error('every slot is taken by a worker that has not ended yet')
    const thread = startThread(slot, ++this.#lastNumber)
    const member: Member<Thread> = { thread, phase: 'starting', servesMs: 0, retiresFor: 'idle' }
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
    const { phase, thread } = member
    const { onEnded, log, clock, slots } = this.#options
    member.phase = 'ended'
    this.#members.delete(member)
    onEnded(thread, phase === 'retiring' && reason === '' ? member.retiresFor : 'died')
    clearSlot(this.#regions, thread.slot, slots)
    if (this.#closing) return
    if (phase === 'serving') {
      log(`worker ${thread.number} died${reason === '' ? '' : `: ${reason}`}; starting another`, 'warn')
      // A worker that dies right after its start is replaced after growing delays.
      this.#restarts.afterDeath(clock.now() - member.servesMs)
    }
  }

  #replace(): void {
    this.#changes.run(() => this.#fill()).catch((error: unknown) => this.#retry(error))
  }

  #retry(error: unknown): void {
    if (this.#closing) return
    const cause = error instanceof Error ? error.message : String(error)
    this.#options.log(`a worker cannot start: ${cause}; retrying in ${this.#restarts.afterFailure()} ms`, 'warn')
  }

  #grow(): void {
    const { log } = this.#options
    this.#changes
      .run(() => this.#add())
      .catch((error: unknown) => log(`a worker cannot start: ${String(error)}`, 'warn'))
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
