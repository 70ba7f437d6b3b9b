type Counts = Readonly<Record<string, number>>

/**
 * Sums of counts from several sources, each counting since its own start. The sums never fall: if a source reports
 * nothing, less than before, or has ended, its last counts still apply.
 */
export class LastingCounts {
  readonly #last = new Map<object, Counts>()
  /** Counts of sources that have ended. */
  #sum: Counts = {}
  readonly #ended = new WeakSet<object>()

  told(by: object, counts: Counts): void {
    // An answer may arrive just after its source has ended; its counts are in the sum already.
    if (!this.#ended.has(by)) this.#last.set(by, atLeast(this.#last.get(by) ?? {}, counts))
  }

  /** `present`: all current sources. Sources not listed have ended for good. */
  total(present: readonly object[]): Counts {
    for (const [one, counts] of this.#last) {
      if (present.includes(one)) continue
      this.#sum = added(this.#sum, counts)
      this.#ended.add(one)
      this.#last.delete(one)
    }
    return [...this.#last.values()].reduce(added, this.#sum)
  }
}

/** Keeps the larger counts: answers may arrive out of order, and part of the telemetry may have restarted from 0. */
function atLeast(before: Counts, now: Counts): Counts {
  const entries = Object.entries(now).map(([name, count]) => [name, Math.max(count, before[name] ?? 0)])
  return { ...before, ...Object.fromEntries(entries) }
}

function added(a: Counts, b: Counts): Counts {
  const names = new Set([...Object.keys(a), ...Object.keys(b)])
  return Object.fromEntries([...names].map((name) => [name, (a[name] ?? 0) + (b[name] ?? 0)]))
}
