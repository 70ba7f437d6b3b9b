type Counts = Readonly<Record<string, number>>

/**
 * Sums of counts that several tell, each its own since its start. They never fall: of one that tells nothing more, or
 * less, or is no more, what it told before goes on counting.
 */
export class LastingCounts {
  readonly #last = new Map<object, Counts>()
  /** Of those that are no more. */
  #sum: Counts = {}
  readonly #ended = new WeakSet<object>()

  told(by: object, counts: Counts): void {
    // An answer may come just behind the end of who gave it, which is in the sum already.
    if (!this.#ended.has(by)) this.#last.set(by, atLeast(this.#last.get(by) ?? {}, counts))
  }

  /** `present`: all that are there; of others nothing will come any more. */
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

/** Two answers may overtake each other, and a part of telemetry may be made anew. */
function atLeast(before: Counts, now: Counts): Counts {
  const entries = Object.entries(now).map(([name, count]) => [name, Math.max(count, before[name] ?? 0)])
  return { ...before, ...Object.fromEntries(entries) }
}

function added(a: Counts, b: Counts): Counts {
  const names = new Set([...Object.keys(a), ...Object.keys(b)])
  return Object.fromEntries([...names].map((name) => [name, (a[name] ?? 0) + (b[name] ?? 0)]))
}
