import type { Config } from '../config/schema.ts'
import type { Clock } from '../kit/clock.ts'
import type { EventBus } from '../kit/event-bus.ts'
import type { Upstream } from './upstreams.ts'

export interface ObservingOptions {
  readonly clock: Clock
  readonly events: EventBus
  readonly upstreams: ReadonlyMap<string, Upstream>
  readonly log: (text: string) => void
  readonly logFault: (fault: unknown, about: string) => void
}

/** All that listens to the calls and changes none of them. */
export interface Observing {
  /** Sends out what is still held, and stops listening. */
  close(): Promise<void>
}

/** Starts every listener that the configuration asks for; what it does not ask for costs nothing. */
export async function startObserving(config: Config, options: ObservingOptions): Promise<Observing> {
  void config
  void options
  const closers: (() => void | Promise<void>)[] = []
  return {
    close: async () => {
      for (let close = closers.pop(); close !== undefined; close = closers.pop()) await close()
    },
  }
}
