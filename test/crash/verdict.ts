import type { Receipt } from './recording-target.ts'

/** A write reported to a client as accepted. */
export interface Acknowledged {
  readonly user: string
  readonly number: number
}

/** Start and end of a kill: requests that a target gets in between were in flight when the gateway was killed. */
export interface Crash {
  readonly killedAtMs: number
  readonly startedAtMs: number
}

export interface Evidence {
  readonly acknowledged: readonly Acknowledged[]
  readonly receipts: ReadonlyMap<string, readonly Receipt[]>
  readonly crashes: readonly Crash[]
}

export interface Verdict {
  /** Writes acknowledged to a client but missing at a target. */
  readonly lost: readonly string[]
  /** Writes of a user that arrived after a later write of the same user. */
  readonly outOfOrder: readonly string[]
  /** Repeats of a write that a target had answered well, with no crash in between, or with another key. */
  readonly unexplained: readonly string[]
  /** Repeats that a crash explains. */
  readonly repeats: number
}

/** Compares the requests of the targets with the writes acknowledged to clients. */
export function judge({ acknowledged, receipts, crashes }: Evidence): Verdict {
  const lost: string[] = []
  const outOfOrder: string[] = []
  const unexplained: string[] = []
  let repeats = 0
  for (const [target, list] of receipts) {
    const good = new Map<string, Receipt>()
    const latest = new Map<string, number>()
    for (const receipt of list) {
      const write = `${receipt.user}/${receipt.number} at ${target}`
      if (receipt.number < (latest.get(receipt.user) ?? 0)) outOfOrder.push(write)
      latest.set(receipt.user, Math.max(receipt.number, latest.get(receipt.user) ?? 0))
      const before = good.get(write)
      if (before !== undefined) {
        repeats++
        const crashed = crashes.some(
          ({ killedAtMs, startedAtMs }) => before.atMs <= startedAtMs && killedAtMs <= receipt.atMs,
        )
        if (!crashed || before.key !== receipt.key) unexplained.push(write)
      }
      if (receipt.status === 201) good.set(write, receipt)
    }
    for (const { user, number } of acknowledged) {
      const write = `${user}/${number} at ${target}`
      if (!good.has(write)) lost.push(write)
    }
  }
  return { lost, outOfOrder, unexplained, repeats }
}
