import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { Worker } from 'node:worker_threads'
import type { FailureCode } from '../../src/core/failure.ts'
import type { DeliveryStore } from '../../src/store/delivery-store.ts'
import { startStoreThread } from '../../src/store/sqlite/thread.ts'
import { someDelivery } from '../conformance/deliveries.ts'
import { VirtualClock } from '../kit/virtual-clock.ts'
import { storeAt } from './place.ts'

/** A store with a manual clock, a thread that a test can end, and a log that a test can read. */
export interface FailingStore {
  readonly store: DeliveryStore
  readonly clock: VirtualClock
  readonly log: readonly string[]
  /** Every thread so far, the latest last. */
  readonly threads: readonly Worker[]
}

export async function failingStoreAt(t: TestContext, path: string): Promise<FailingStore> {
  const clock = new VirtualClock()
  const log: string[] = []
  const threads: Worker[] = []
  const startThread = (): Worker => {
    const thread = startStoreThread()
    threads.push(thread)
    return thread
  }
  const store = await storeAt(t, path, { clock, log: (text) => log.push(text), startThread })
  return { store, clock, log, threads }
}

/** Expects an insert to be refused with this code. */
export async function refused(store: DeliveryStore, code: FailureCode, delivery = someDelivery()): Promise<void> {
  const result = await store.insert(delivery)
  assert.ok(result.kind === 'refused', `it was ${result.kind}`)
  assert.equal(result.failure.code, code)
  assert.ok((result.failure.retryAfterMs ?? 0) > 0)
  assert.doesNotMatch(result.failure.detail, /\//, 'no path for clients')
}

/** Triggers the store's own retry, due after a second, and waits for its outcome. */
export async function retry({ store, clock }: FailingStore): Promise<void> {
  await clock.advance(1000)
  // A read that changes nothing; it resolves when the retry that is under way has ended.
  await store.find('none')
}

/** Lets a change trigger the retry: the first change after a short gap is a try. */
export async function afterGap({ clock }: FailingStore): Promise<void> {
  await clock.advance(150)
}

export async function isServing(store: DeliveryStore): Promise<boolean> {
  return (await store.find('none')).ok
}
