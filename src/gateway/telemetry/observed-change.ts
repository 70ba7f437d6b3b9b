import type { Config } from '../../config/schema.ts'
import type { Showing } from './telemetry-hub.ts'
import type { Observing } from './thread-telemetry.ts'

export interface ObservingParts {
  readonly observing: Observing
  readonly showing: Showing
  /** What this thread counts with. */
  readonly writer: ReturnType<Showing['counts']['open']>
}

/** Another configuration by which calls are observed already, and which is shown once it is committed. */
export interface ObservedChange {
  commit(): void
  /** The calls have ended that began before. */
  settle(): Promise<void>
  undo(): Promise<void>
}

export async function observeBy(config: Config, parts: ObservingParts): Promise<ObservedChange> {
  const { observing, showing, writer } = parts
  const { block: former } = writer
  const counted = showing.prepare(config)
  const { block } = writer
  const observed = await observing.reload(config, block)
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
