import type { Clock, Timer } from '../kit/clock.ts'
import type { Upstream } from './upstream.ts'

const checkMs = 500

/** Upstreams no longer in the configuration, each kept until its last exchange has ended. */
export class RetiredUpstreams {
  readonly #clock: Clock
  readonly #upstreams = new Set<Upstream>()
  #timer: Timer | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(upstream: Upstream): void {
    this.#upstreams.add(upstream)
    if (this.#timer === undefined) this.#check()
  }

  close(): void {
    this.#timer?.cancel()
    for (const { client } of this.#upstreams) client.destroy()
    this.#upstreams.clear()
  }

  #check(): void {
    for (const upstream of this.#upstreams) {
      const { open, idle } = upstream.client.connections()
      if (open > idle) continue
      upstream.client.destroy()
      this.#upstreams.delete(upstream)
    }
    this.#timer = this.#upstreams.size === 0 ? undefined : this.#clock.after(checkMs, () => this.#check())
  }
}
