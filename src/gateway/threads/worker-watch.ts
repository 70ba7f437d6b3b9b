import type { Clock, Timer } from '../../kit/clock.ts'
import type { LogText } from '../../kit/log-text.ts'
import { Scale, type ScaleOptions } from './autoscale.ts'
import type { PoolThread } from './pool-options.ts'

type WatchedThread = Pick<PoolThread<never>, 'number' | 'ping' | 'utilisation' | 'terminate'>

export interface WorkerWatchOptions<Thread> {
  readonly range: ScaleOptions
  readonly clock: Clock
  readonly log: LogText
  readonly serving: () => readonly Thread[]
  /** All are busy. */
  readonly add: () => void
  /** Fewer would do. */
  readonly retire: (thread: Thread) => void
}

const tickMs = 1000
/** After this many seconds without an answer from its event loop, a thread is terminated. */
const hungTicks = 30

/** Looks at the serving workers once a second: terminates those that hang, and adds or retires one as the load asks. */
export class WorkerWatch<Thread extends WatchedThread> {
  readonly #options: WorkerWatchOptions<Thread>
  /** Pings sent since the last answer. */
  readonly #silent = new WeakMap<Thread, number>()
  #scale: Scale
  #tick: Timer | undefined

  constructor(options: WorkerWatchOptions<Thread>) {
    this.#options = options
    this.#scale = new Scale(options.range)
  }

  start(): void {
    this.#tick = this.#options.clock.after(tickMs, () => {
      this.start()
      this.#look()
    })
  }

  stop(): void {
    this.#tick?.cancel()
  }

  scaleWithin(range: ScaleOptions): void {
    this.#scale = new Scale(range)
  }

  #look(): void {
    const { log, add, retire } = this.#options
    const serving = this.#options.serving()
    for (const thread of serving) this.#ping(thread)
    const judgement = this.#scale.judge(serving.map((thread) => thread.utilisation()))
    if (judgement === 'add') {
      log(`${serving.length === 1 ? 'the only worker is' : `all ${serving.length} workers are`} busy: starting another`)
      add()
    }
    const last = serving.at(-1)
    if (judgement === 'end' && last !== undefined) {
      log(`worker ${last.number} is no longer needed: stopping it, ${serving.length - 1} remain`)
      retire(last)
    }
  }

  #ping(thread: Thread): void {
    const silent = (this.#silent.get(thread) ?? 0) + 1
    this.#silent.set(thread, silent)
    void thread.ping().then(
      () => this.#silent.delete(thread),
      () => {},
    )
    if (silent < hungTicks) return
    this.#options.log(`worker ${thread.number} unresponsive for ${hungTicks} s: terminating it`, 'warn')
    void thread.terminate()
  }
}
