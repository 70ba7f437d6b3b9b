import type { Result } from '../core/result.ts'
import type { Runtime } from '../kit/runtime.ts'
import type { DeliveryStore } from '../store/delivery-store.ts'
import type { Delivery, DeliveryLeg } from './delivery.ts'

export interface SaverOptions extends Pick<Runtime, 'clock' | 'reportBug'> {
  readonly store: DeliveryStore
  /** The end of this leg is on disk. */
  readonly onSettled: (leg: DeliveryLeg) => void
  /** The whole delivery is on disk, or, at shutdown, left to the store. */
  readonly onSaved: (delivery: Delivery) => void
}

/** How soon a refused save is retried. */
const saveAgainMs = 1000

/** Saves changes to the store: one save per delivery at a time; later changes go into the next save. */
export class Saver {
  readonly #options: SaverOptions
  #isStopping = false

  constructor(options: SaverOptions) {
    this.#options = options
  }

  /** From now on a refused save is not retried: the store keeps it, and writes it when it can. */
  stop(): void {
    this.#isStopping = true
  }

  save(delivery: Delivery): void {
    delivery.changed = true
    if (delivery.saving) return
    delivery.saving = true
    this.#saveAll(delivery).catch((error: unknown) => this.#options.reportBug(error, delivery.id))
  }

  /** Same as `save`, and resolves with the result of the next save. */
  saved(delivery: Delivery): Promise<Result<undefined>> {
    return new Promise((resolve) => {
      delivery.saveWatchers.push(resolve)
      this.save(delivery)
    })
  }

  async #saveAll(delivery: Delivery): Promise<void> {
    const { store, clock, onSettled, onSaved } = this.#options
    while (delivery.changed) {
      delivery.changed = false
      const watchers = delivery.saveWatchers.splice(0)
      const settled = delivery.legs
        .filter(({ position, isPending }) => position !== undefined && !isPending)
        .map((leg) => ({ leg, version: leg.version }))
      const update = delivery.update(clock.wallNow())
      const result = await store.update(update)
      if (result.ok) {
        delivery.saved(update)
        // A leg that was replayed meanwhile differs from the saved state.
        for (const { leg, version } of settled) if (leg.version === version) onSettled(leg)
      } else delivery.changed = true
      for (const tell of watchers) tell(result)
      if (!result.ok && this.#isStopping) break
      if (!result.ok) await new Promise<void>((resolve) => clock.after(saveAgainMs, resolve))
    }
    delivery.saving = false
    onSaved(delivery)
  }
}
