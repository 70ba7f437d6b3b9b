import type { Clock, Timer } from '../../kit/clock.ts'
import type { LogText } from '../../kit/log-text.ts'
import { clearSlot, type Regions } from '../../kit/shared-memory.ts'
import { Scale, type ScaleOptions } from './autoscale.ts'
import type { WorkerPlace, WorkerState } from './protocol.ts'

/**
 * The workers of a gateway. Each stands in a slot, its row in shared memory, from its start to its end:
 *
 *     starting ──> serving ──> retiring ──> ended        (fewer are needed)
 *         │           └────────────┴──────> ended        (it has died: its slot is cleared, another takes its place)
 *         └──> ended                                     (it cannot start: that is tried again, ever more slowly)
 *
 * What changes them as a whole (start, reload, a worker more or less) is done one after another.
 */
export type Phase = 'starting' | 'serving' | 'retiring' | 'ended'

/** A thread as the pool sees it. */
export interface PoolThread<Setup> {
  readonly place: WorkerPlace
  start(setup: Setup): Promise<WorkerState>
  reload(setup: Setup): Promise<WorkerState>
  retire(): Promise<void>
  /** Answers as soon as its event loop comes round. */
  ping(): Promise<void>
  /** Its share of busy time since it was last asked. */
  utilisation(): number
  terminate(): Promise<void>
  /** Why it has ended. */
  readonly ended: Promise<string>
  readonly hasEnded: boolean
}

export interface PoolWorker<Thread> {
  /** Counted up, never given twice. */
  readonly number: number
  readonly thread: Thread
  readonly phase: Phase
}

/** `idle`: there was too little to do; `reload`: another configuration has fewer. */
export type ExitReason = 'died' | 'idle' | 'reload'

export interface PoolOptions<Setup, Thread extends PoolThread<Setup>> {
  readonly range: ScaleOptions
  /** Rows of shared memory; the last is the main thread's. */
  readonly slots: number
  readonly clock: Clock
  readonly log: LogText
  readonly startThread: (place: WorkerPlace, number: number) => Thread
  /** What a worker begins with; `first`: what the first one has found out. */
  readonly setupFor: (thread: Thread, regions: Regions, first: WorkerState | undefined) => Setup
  /** It has started, or taken up another setup. */
  readonly onState: (thread: Thread, state: WorkerState) => void
  /** Before its slot is cleared. Also of one that could not start. */
  readonly onEnded: (thread: Thread, reason: ExitReason) => void
}

interface Member<Thread> extends PoolWorker<Thread> {
  phase: Phase
  /** Since when it serves. */
  servesMs: number
  /** How often in a row it was asked for a sign of life and had not answered the question before. */
  silent: number
  /** Why it retires. */
  retiresFor: 'idle' | 'reload'
}

const tickMs = 1000
/** An event loop that is held up for so many seconds serves nobody: its thread is ended, and another takes its place. */
const hungTicks = 30
const firstRetryMs = 100
const longestRetryMs = 10_000
/** Who has served for so long did not die of its start. */
const soundMs = 2000

export class Pool<Setup, Thread extends PoolThread<Setup>> {
  readonly #options: PoolOptions<Setup, Thread>
  readonly #members = new Set<Member<Thread>>()
  #scale: Scale
  #range: ScaleOptions
  #regions: Regions = new Map()
  #first: WorkerState | undefined
  /** The next that serves is the first to have the present configuration: the others begin with what it finds out. */
  #mustLearn = true
  #lastNumber = 0
  #retryMs = 0
  #work: Promise<unknown> = Promise.resolve()
  #tick: Timer | undefined
  readonly #retries = new Set<Timer>()
  #closing = false

  constructor(options: PoolOptions<Setup, Thread>) {
    this.#options = options
    this.#range = options.range
    this.#scale = new Scale(options.range)
  }

  /** Rejects if the first cannot start. */
  async start(): Promise<WorkerState> {
    const first = await this.#serially(() => this.#add())
    await this.#serially(() => this.#fill())
    this.#schedule()
    return first
  }

  /** Those that take calls. */
  get serving(): readonly Thread[] {
    return this.#inPhase('serving')
  }

  /** Also those that do not yet, or take no more. */
  get all(): readonly Thread[] {
    return [...this.#members].map(({ thread }) => thread)
  }

  /** Every worker takes up what `setupFor` gives now. Rejects, with nothing changed, if the first cannot. */
  reload(range: ScaleOptions): Promise<void> {
    return this.#serially(async () => {
      const canary = await this.#tryOn(this.serving)
      if (canary === undefined) this.#mustLearn = true
      this.#range = range
      this.#scale = new Scale(range)
      // Those that retire still serve the connections that they have.
      const others = [...this.serving, ...this.#inPhase('retiring')].filter((thread) => thread !== canary)
      await Promise.all(others.map((thread) => this.#follow(thread)))
      // Also where all had died just now: then those that begin are the first to have it.
      await this.#fill().catch((fault: unknown) => {
        if (canary === undefined) throw fault
        this.#retry(fault)
      })
      for (const thread of this.serving.slice(range.max)) this.#retire(thread, 'reload')
    })
  }

  /** The first that can tell whether it can be done; one that has died tells nothing. Rejects if it cannot. */
  async #tryOn(candidates: readonly Thread[]): Promise<Thread | undefined> {
    for (const thread of candidates) {
      try {
        const state = await thread.reload(this.#setupFor(thread))
        this.#learn(state)
        this.#options.onState(thread, state)
        return thread
      } catch (fault) {
        if (!thread.hasEnded) throw fault
      }
    }
    return undefined
  }

  /** One that cannot do what another could is replaced by one that begins with it. */
  async #follow(thread: Thread): Promise<void> {
    try {
      this.#options.onState(thread, await thread.reload(this.#setupFor(thread)))
    } catch {
      // One that drains ends by itself, with its calls.
      if (!this.#closing) await thread.terminate()
    }
  }

  /** No more workers are added or replaced; those that have not started yet are given up. */
  stop(): void {
    this.#closing = true
    for (const thread of this.#inPhase('starting')) void thread.terminate()
    this.#tick?.cancel()
    for (const timer of this.#retries) timer.cancel()
    this.#retries.clear()
  }

  async close(): Promise<void> {
    this.stop()
    // First, as what is under way may wait for one that hangs.
    await Promise.all(this.all.map((thread) => thread.terminate()))
    await this.#work
  }

  #inPhase(phase: Phase): readonly Thread[] {
    return [...this.#members].filter((member) => member.phase === phase).map(({ thread }) => thread)
  }

  #serially<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#work.then(work, work)
    this.#work = done.catch(() => {})
    return done
  }

  #setupFor(thread: Thread): Setup {
    return this.#options.setupFor(thread, this.#regions, this.#first)
  }

  /** All workers ask for the same stretches of memory: what the first was given is what the others get. */
  #learn(state: WorkerState): void {
    this.#regions = state.regions
    this.#first = state
    this.#mustLearn = false
  }

  /** The others may start side by side once what they share is there. */
  async #fill(): Promise<void> {
    if (this.#mustLearn) await this.#add()
    const missing = this.#range.min - this.serving.length
    await Promise.all(Array.from({ length: Math.max(0, missing) }, () => this.#add()))
  }

  async #add(): Promise<WorkerState> {
    if (this.#closing) throw new Error('the gateway is ending')
    const { startThread, clock, slots, onState } = this.#options
    const taken = new Set([...this.#members].map(({ thread }) => thread.place.slot))
    const slot = Array.from({ length: slots - 1 }, (_, place) => place).find((place) => !taken.has(place))
    if (slot === undefined) throw new Error('every slot is taken by a worker that has not ended yet')
    const number = ++this.#lastNumber
    const thread = startThread({ slot, slots }, number)
    const member: Member<Thread> = { number, thread, phase: 'starting', servesMs: 0, silent: 0, retiresFor: 'idle' }
    this.#members.add(member)
    void thread.ended.then((reason) => this.#ended(member, reason))
    try {
      const state = await thread.start(this.#setupFor(thread))
      if (thread.hasEnded) throw new Error('it ended while it started')
      if (this.#closing) throw new Error('the gateway is ending')
      member.phase = 'serving'
      member.servesMs = clock.now()
      if (this.#mustLearn) this.#learn(state)
      onState(thread, state)
      return state
    } catch (fault) {
      await thread.terminate()
      throw fault
    }
  }

  #ended(member: Member<Thread>, reason: string): void {
    const { phase, number, thread } = member
    const { onEnded, log, clock, slots } = this.#options
    member.phase = 'ended'
    this.#members.delete(member)
    onEnded(thread, phase === 'retiring' && reason === '' ? member.retiresFor : 'died')
    clearSlot(this.#regions, thread.place.slot, slots)
    if (this.#closing) return
    if (phase === 'serving') {
      log(`worker ${number} has died${reason === '' ? '' : `: ${reason}`}; another takes its place`, 'warn')
      // Whoever dies as soon as it serves is given ever more time between its lives.
      if (clock.now() - member.servesMs > soundMs) this.#retryMs = 0
      this.#replaceIn(this.#retryMs)
      this.#retryMs = longer(this.#retryMs)
    }
  }

  #replace(): void {
    this.#serially(() => this.#fill()).catch((fault: unknown) => this.#retry(fault))
  }

  #retry(fault: unknown): void {
    if (this.#closing) return
    const { log } = this.#options
    const cause = fault instanceof Error ? fault.message : String(fault)
    this.#retryMs = longer(this.#retryMs)
    log(`a worker cannot start: ${cause}; tried again in ${this.#retryMs} ms`, 'warn')
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
      log(`worker ${number} has not come round for ${hungTicks} s: it is ended`, 'warn')
      void thread.terminate()
    }
    const judgement = this.#scale.judge(serving.map(({ thread }) => thread.utilisation()))
    if (judgement === 'add') this.#grow(serving.length)
    const last = serving.at(-1)
    if (judgement === 'end' && last !== undefined) {
      log(`worker ${last.number} is needed no more: ${serving.length - 1} go on`)
      this.#retire(last.thread, 'idle')
    }
  }

  #grow(from: number): void {
    const { log } = this.#options
    log(`${from === 1 ? 'the only worker is' : `all ${from} workers are`} busy: one more begins`)
    this.#serially(() => this.#add()).catch((fault: unknown) => log(`it could not: ${String(fault)}`, 'warn'))
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
