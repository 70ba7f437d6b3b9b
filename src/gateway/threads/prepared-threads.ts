import type { Regions } from '../../kit/shared-memory.ts'
import type { WorkerState } from './protocol.ts'

/** A thread with the three steps of a reload (`kit/reload.ts`). */
export interface PreparableThread<Setup> {
  /** Resolves with the regions that the setup needs. */
  prepare(setup: Setup): Promise<Regions>
  commit(): Promise<WorkerState>
  rollback(): Promise<void>
  readonly hasEnded: boolean
}

export interface PreparingOptions<Setup, Thread> {
  /** `regions`: undefined for the first thread, which requests those of the setup; the others get them from it. */
  readonly setupFor: (thread: Thread, regions: Regions | undefined) => Setup
  /** Called for a thread that can neither commit nor roll back. */
  readonly replace: (thread: Thread) => Promise<void>
}

/** Threads with a setup that is prepared in each, but not in force. A thread that dies does not count. */
export class PreparedThreads<Setup, Thread extends PreparableThread<Setup>> {
  readonly #options: PreparingOptions<Setup, Thread>
  readonly #threads = new Set<Thread>()
  #regions: Regions | undefined

  private constructor(options: PreparingOptions<Setup, Thread>) {
    this.#options = options
  }

  /** Rejects, with every thread as before, if one refuses. */
  static async prepare<Setup, Thread extends PreparableThread<Setup>>(
    threads: readonly Thread[],
    options: PreparingOptions<Setup, Thread>,
  ): Promise<PreparedThreads<Setup, Thread>> {
    const prepared = new PreparedThreads(options)
    try {
      await prepared.#prepareEach(threads)
      return prepared
    } catch (refusal) {
      await prepared.rollback()
      throw refusal
    }
  }

  /** Undefined if no thread is left. */
  get regions(): Regions | undefined {
    return this.#regions
  }

  /** Resolves when all that live have it in force. `onState`: called for each of them. */
  async commit(onState: (thread: Thread, state: WorkerState) => void): Promise<void> {
    await this.#each(async (thread) => onState(thread, await thread.commit()))
  }

  async rollback(): Promise<void> {
    await this.#each((thread) => thread.rollback())
  }

  async #prepareEach(threads: readonly Thread[]): Promise<void> {
    const others = [...threads]
    while (this.#regions === undefined) {
      const first = others.shift()
      if (first === undefined) return
      await this.#prepare(first)
    }
    // All of them, so that none is still preparing when the others are rolled back.
    const outcomes = await Promise.allSettled(others.map((thread) => this.#prepare(thread)))
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }

  async #prepare(thread: Thread): Promise<void> {
    try {
      const regions = await thread.prepare(this.#options.setupFor(thread, this.#regions))
      this.#threads.add(thread)
      this.#regions ??= regions
    } catch (error) {
      if (!thread.hasEnded) throw error
    }
  }

  async #each(action: (thread: Thread) => Promise<void>): Promise<void> {
    const all = [...this.#threads].map((thread) => action(thread).catch(() => this.#options.replace(thread)))
    await Promise.all(all)
  }
}
