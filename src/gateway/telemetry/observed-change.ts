import type { Config } from '../../config/schema.ts'
import type { TelemetryHub } from './telemetry-hub.ts'
import type { ThreadTelemetry } from './thread-telemetry.ts'

export interface ObservingParts {
  readonly telemetry: ThreadTelemetry
  readonly hub: TelemetryHub
  /** This thread's writer of counts. */
  readonly writer: ReturnType<TelemetryHub['counts']['open']>
}

/** A configuration that telemetry already uses; metrics show it once it is committed. */
export interface ObservedChange {
  commit(): void
  /** Call this when all calls that began before the change have ended. */
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
