/** Runs asynchronous work one piece after another, in the order of the requests. */
export class Mutex {
  #last: Promise<void> = Promise.resolve()

  async run<T>(work: () => Promise<T>): Promise<T> {
    const unlock = await this.lock()
    try {
      return await work()
    } finally {
      unlock()
    }
  }

  /** Waits until all earlier work has ended; later work waits until the returned function is called. */
  async lock(): Promise<() => void> {
    const before = this.#last
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#last = before.then(() => promise)
    await before
    return resolve
  }

  /** Resolves when all work so far has ended. */
  idle(): Promise<void> {
    return this.#last
  }
}
