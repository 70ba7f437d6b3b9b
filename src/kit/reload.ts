/**
 * How a running part takes another configuration. A reload prepares every part; if one refuses, those prepared before
 * are rolled back in reverse order, and nothing has changed. Otherwise all are committed within one turn of the event
 * loop, so that no call sees half of a configuration. Why: docs/decisions/reload-protocol.md.
 */
export interface Reloadable<C, P extends Change = Change> {
  /** Does everything that can fail, beside what is in force. Rejects with nothing changed. */
  prepare(next: C): Promise<P>
}

/** A configuration that is prepared, but not in force. Its holder must commit it or roll it back. */
export interface Change {
  /** Puts it in force for new calls; calls in flight keep the former one. Must not throw. */
  commit(): void
  /** Frees what `prepare` has made. */
  rollback(): void | Promise<void>
  /** Call this after the commit. Resolves when the resources of the former configuration are freed. */
  retired?(): Promise<void>
}

/** A change with what was prepared, for the parts that depend on it. */
export interface Prepared<T> extends Change {
  readonly value: T
}

/** Registers a change with the reload that it belongs to, once it is prepared. */
export type Join = <P extends Change>(preparing: P | Promise<P>) => Promise<P>

/** `about`: the id of the affected call or delivery, or what the gateway was doing. */
export type ReportBug = (error: unknown, about: string) => void

/**
 * Makes one change of several. `prepare` prepares the parts in order and passes each to `join`; it may use the result of
 * one part to prepare the next, and rejects to refuse.
 */
export async function prepareAll<T>(
  prepare: (join: Join) => Promise<T>,
  reportBug: ReportBug,
): Promise<Prepared<T> & Required<Change>> {
  const changes: Change[] = []
  const rollback = (): Promise<void> => eachInReverse(changes, (change) => change.rollback(), reportBug)
  try {
    const value = await prepare(async (preparing) => {
      const change = await preparing
      changes.push(change)
      return change
    })
    return {
      value,
      commit: () => commitAll(changes, reportBug),
      rollback,
      // In reverse too: a part serves the former calls of those prepared after it.
      retired: () => eachInReverse(changes, (change) => change.retired?.(), reportBug),
    }
  } catch (refusal) {
    await rollback()
    throw refusal
  }
}

/** Prepares a configuration and puts it in force. */
export async function apply<C>(part: Reloadable<C>, next: C): Promise<void> {
  const change = await part.prepare(next)
  change.commit()
}

/** After the first commit there is no way back: a bug in one part must not leave the others behind. */
function commitAll(changes: readonly Change[], reportBug: ReportBug): void {
  for (const change of changes) {
    try {
      change.commit()
    } catch (error) {
      reportBug(error, 'the commit of the reload')
    }
  }
}

async function eachInReverse(
  changes: readonly Change[],
  action: (change: Change) => void | Promise<void> | undefined,
  reportBug: ReportBug,
): Promise<void> {
  for (const change of changes.toReversed()) {
    try {
      await action(change)
    } catch (error) {
      reportBug(error, 'the reload')
    }
  }
}
