import type { DeliveryFilter, DeliveryUpdate, NewDelivery, StoredDelivery } from '../../src/store/delivery-store.ts'
import type { Counts } from './deliveries.ts'

/** A model of the store: one list, searched linearly. */
export class StoreModel {
  deliveries: readonly StoredDelivery[] = []
  lastSequence = 0

  /** Returns the conflicting delivery; if there is none, stores this one under the sequence from the store. */
  existing({ id, route, idempotencyKey }: NewDelivery): StoredDelivery | undefined {
    return this.deliveries.find(
      (other) =>
        other.id === id ||
        (idempotencyKey !== undefined && other.route === route && other.idempotencyKey === idempotencyKey),
    )
  }

  insert(delivery: NewDelivery, sequence: number): void {
    this.lastSequence = sequence
    this.deliveries = [...this.deliveries, { ...delivery, sequence, finishedAt: undefined, answer: undefined }]
  }

  update({ sequence, legs, finishedAt, answer }: DeliveryUpdate): void {
    const isDone = legs.every(({ state }) => state === 'acknowledged' || state === 'discarded')
    this.deliveries = this.deliveries.map((old) => {
      if (old.sequence !== sequence) return old
      return { ...old, legs, finishedAt, answer: answer ?? old.answer, request: isDone ? undefined : old.request }
    })
  }

  removeFinished(before: number): number {
    const kept = this.deliveries.filter(
      ({ finishedAt, legs }) =>
        finishedAt === undefined ||
        finishedAt >= before ||
        legs.some(({ state }) => state === 'pending' || state === 'dead'),
    )
    const removed = this.deliveries.length - kept.length
    this.deliveries = kept
    return removed
  }

  unfinished(afterSequence: number, limit: number): readonly StoredDelivery[] {
    return this.deliveries
      .filter((one) => one.sequence > afterSequence && this.#has(one, 'pending'))
      .slice(0, limit)
      .map((one) => Object.assign({ ...one }, { answer: undefined }))
  }

  list(filter: DeliveryFilter): { readonly deliveries: readonly StoredDelivery[]; readonly more: boolean } {
    const { state, target, route, beforeSequence = Number.MAX_SAFE_INTEGER, limit } = filter
    const all = this.deliveries
      .filter((one) => one.sequence < beforeSequence && (route === undefined || one.route === route))
      .filter(({ legs }) =>
        legs.some(
          (leg) => (state === undefined || leg.state === state) && (target === undefined || leg.target === target),
        ),
      )
      .toReversed()
    const deliveries = all
      .slice(0, limit)
      .map((one) => Object.assign({ ...one }, { request: undefined, answer: undefined }))
    return { deliveries, more: all.length > limit }
  }

  counts(): Counts {
    const legs = this.deliveries.flatMap((one) => one.legs)
    const undelivered = this.deliveries.filter((one) => this.#has(one, 'pending'))
    return {
      deliveries: this.deliveries.length,
      pendingLegs: legs.filter(({ state }) => state === 'pending').length,
      deadLegs: legs.filter(({ state }) => state === 'dead').length,
      undeliveredBytes: undelivered.reduce((sum, one) => sum + bytesOf(one), 0),
    }
  }

  #has({ legs }: StoredDelivery, wanted: string): boolean {
    return legs.some(({ state }) => state === wanted)
  }
}

function bytesOf({ request, lane, legs }: StoredDelivery): number {
  if (request === undefined) return 0
  const text = [...request.headers, request.path, request.query, lane ?? ''].join('')
  return text.length + (request.body?.length ?? 0) + legs.length * 1024
}
