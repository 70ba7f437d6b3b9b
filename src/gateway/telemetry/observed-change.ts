import type { Config } from '../../config/schema.ts'
import type { TelemetryHub } from './telemetry-hub.ts'
import type { ThreadTelemetry } from './thread-telemetry.ts'

export interface ObservingParts {
  readonly telemetry: ThreadTelemetry
  readonly hub: TelemetryHub
  /** What this thread counts with. */
  readonly writer: ReturnType<TelemetryHub['counts']['open']>
}

/** Another configuration by which calls are observed already, and which is shown once it is committed. */
export interface ObservedChange {
  commit(): void
  /** The calls have ended that began before. */
  settle(): Promise<void>
  undo(): Promise<void>
}

export async function observeBy(config: Config, parts: ObservingParts): Promise<ObservedChange> {
  const { telemetry, hub, writer } = parts
  const { block: former } = writer
  const counted = hub.prepare(config)
  const { block } = writer
  const observed = await telemetry.reload(config, block)
  return {
    commit: () => {
      counted.commit()
      writer.countsInto(block)
    },
    settle: () => observed.settle(),
    undo: async () => {
      await observed.undo(former)
      counted.undo()
    },
  }
}
