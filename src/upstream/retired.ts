import type { Clock, Timer } from '../kit/clock.ts'
import type { Upstream } from './upstream.ts'

const checkMs = 500

/** Upstreams no longer in the configuration, each kept until its last exchange has ended. */
export class RetiredUpstreams {
  readonly #clock: Clock
  /** With the callback for its end. */
  readonly #upstreams = new Map<Upstream, () => void>()
  #timer: Timer | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Resolves when it is freed. */
  add(upstream: Upstream): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#upstreams.set(upstream, resolve)
    if (this.#timer === undefined) this.#check()
    return promise
  }

  close(): void {
    this.#timer?.cancel()
    for (const upstream of this.#upstreams.keys()) this.#free(upstream)
  }

  #check(): void {
    for (const upstream of this.#upstreams.keys()) {
      const { open, idle } = upstream.client.connections()
      if (open <= idle) this.#free(upstream)
    }
    this.#timer = this.#upstreams.size === 0 ? undefined : this.#clock.after(checkMs, () => this.#check())
  }

  #free(upstream: Upstream): void {
    upstream.client.destroy()
    this.#upstreams.get(upstream)?.()
    this.#upstreams.delete(upstream)
  }
}
