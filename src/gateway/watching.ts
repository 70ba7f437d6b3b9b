import { matchText } from '../config/match.ts'
import type { Config } from '../config/schema.ts'
import type { Clock } from '../kit/clock.ts'
import type { EventBus } from '../kit/event-bus.ts'
import type { ProcessProbe } from '../kit/process-probe.ts'
import type { DeliveryStore } from '../store/delivery-store.ts'
import { Figures, type Gauges } from '../telemetry/figures/figures.ts'
import { Recorder } from '../telemetry/recorder/recorder.ts'
import type { Redaction } from '../telemetry/redact.ts'
import type { Listener } from '../transport/server/listener.ts'
import type { Upstream } from './upstreams.ts'

export interface WatchingOptions {
  readonly clock: Clock
  readonly events: EventBus
  readonly upstreams: ReadonlyMap<string, Upstream>
  readonly redaction: Redaction
  readonly process: ProcessProbe
}

/** What comes into being later than the figures, and is looked at once a second. */
export interface WatchedParts {
  readonly front: Listener
  readonly store: DeliveryStore | undefined
  readonly waiters: (() => number) | undefined
}

/** What the admin side shows of the calls. */
export interface Watching {
  readonly figures: Figures
  readonly recorder: Recorder
  connect(parts: WatchedParts): void
  close(): void
}

export function startWatching(config: Config, options: WatchingOptions): Watching {
  const { clock, events, upstreams, redaction, process } = options
  let parts: WatchedParts | undefined
  let deliveries: Gauges['deliveries']
  const gauges = (): Gauges => {
    // What the store says comes a moment later, and is seen in the next second.
    void parts?.store?.figures().then((figures) => {
      if (!('code' in figures)) deliveries = { pending: figures.pendingLegs, dead: figures.deadLegs }
    })
    const { memory, loop } = process.figures()
    return {
      deliveries: parts?.store && (deliveries ?? { pending: 0, dead: 0 }),
      waiters: parts?.waiters?.(),
      process: {
        memoryBytes: memory.residentBytes,
        loopDelayMs: Math.round(loop.delayMs.p99 * 1000) / 1000,
        clientConnections: parts?.front.figures().active ?? 0,
      },
    }
  }
  const recorder = new Recorder({ clock, events, redaction })
  const figures = new Figures({
    clock,
    events,
    routes: config.routes.map(({ match }) => matchText(match)),
    targets: [...upstreams.values()].flatMap(({ targets }) => targets),
    gauges,
  })
  return {
    figures,
    recorder,
    connect: (connected) => {
      parts = connected
    },
    close: () => {
      figures.close()
      recorder.close()
    },
  }
}
