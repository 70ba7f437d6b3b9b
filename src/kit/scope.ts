import type { AbortListener, AbortScope } from '../core/abort.ts'
import type { Failure } from '../core/failure.ts'

/** An `AbortScope` that can be aborted. It is itself a listener, so one scope can be the child of another. */
export class Scope implements AbortScope, AbortListener {
  #reason: Failure | undefined
  /** Nearly every scope has a single listener, its exchange; the set is for fan-outs. */
  #only: AbortListener | undefined
  #others: Set<AbortListener> | undefined

  get reason(): Failure | undefined {
    return this.#reason
  }

  add(listener: AbortListener): void {
    if (this.#reason !== undefined) listener.onAbort(this.#reason)
    else if (this.#only === undefined) this.#only = listener
    else {
      this.#others ??= new Set()
      this.#others.add(listener)
    }
  }

  remove(listener: AbortListener): void {
    if (this.#only === listener) this.#only = undefined
    else this.#others?.delete(listener)
  }

  onAbort(reason: Failure): void {
    if (this.#reason !== undefined) return
    this.#reason = reason
    const only = this.#only
    this.#only = undefined
    only?.onAbort(reason)
    // Kept until all are notified: a listener that another one removes meanwhile is skipped.
    if (this.#others !== undefined) for (const listener of this.#others) listener.onAbort(reason)
    this.#others = undefined
  }
}
