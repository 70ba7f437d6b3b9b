import type { Failure } from '../core/failure.ts'
import type { Clock } from '../kit/clock.ts'
import type { DeliveryStore } from '../store/delivery-store.ts'
import type { Delivery, Place } from './delivery.ts'

export interface SaverOptions {
  readonly store: DeliveryStore
  readonly clock: Clock
  readonly reportBug: (fault: unknown, deliveryId: string) => void
  /** It is on disk that this leg is done. */
  readonly onSettled: (place: Place) => void
  /** All of it is on disk, or, at the end, left to the store. */
  readonly onSaved: (delivery: Delivery) => void
}

/** After how long what the store would not take is offered again. */
const saveAgainMs = 1000

/** Brings to the store what changes: one save of a delivery at a time, and what changes meanwhile goes into the next. */
export class Saver {
  readonly #options: SaverOptions
  #isStopping = false

  constructor(options: SaverOptions) {
    this.#options = options
  }

  /** What the store refuses from now on is not offered again: it keeps it, and writes it when it can. */
  stop(): void {
    this.#isStopping = true
  }

  save(delivery: Delivery): void {
    delivery.changed = true
    if (delivery.saving) return
    delivery.saving = true
    this.#saveAll(delivery).catch((fault: unknown) => this.#options.reportBug(fault, delivery.id))
  }

  /** The same, and tells what the next save comes to. */
  saved(delivery: Delivery): Promise<Failure | undefined> {
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
      const settled = delivery.places
        .filter(({ leg, released }) => !released && !leg.isPending)
        .map((place) => ({ place, version: place.leg.version }))
      const update = delivery.update(clock.wallNow())
      const refused = await store.update(update)
      if (refused === undefined) {
        delivery.saved(update)
        // One that was replayed meanwhile is no longer what was saved.
        for (const { place, version } of settled) if (place.leg.version === version) onSettled(place)
      } else delivery.changed = true
      for (const tell of watchers) tell(refused)
      if (refused !== undefined && this.#isStopping) break
      if (refused !== undefined) await new Promise<void>((resolve) => clock.after(saveAgainMs, resolve))
    }
    delivery.saving = false
    onSaved(delivery)
  }
}
