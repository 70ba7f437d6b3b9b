import assert from 'node:assert/strict'
import type {
  DeliveryStore,
  DeliveryUpdate,
  InsertResult,
  LegState,
  NewDelivery,
  StoredDelivery,
  StoredLeg,
  StoredRequest,
  StoreFigures,
} from '../../src/store/delivery-store.ts'
import { given } from '../kit/results.ts'

/** Any time in this century works. */
export const someTime = 1_700_000_000_000

let count = 0

export function legTo(target: string, state: LegState = 'pending', change: Partial<StoredLeg> = {}): StoredLeg {
  const nextAttemptAt = state === 'pending' ? someTime : undefined
  return {
    target,
    state,
    attempts: 0,
    nextAttemptAt,
    waitMs: nextAttemptAt === undefined ? undefined : 1000,
    outcome: undefined,
    status: undefined,
    detail: undefined,
    ...change,
  }
}

export function requestWith(change: Partial<StoredRequest> = {}): StoredRequest {
  const headers = ['content-type', 'text/plain']
  return { method: 'POST', path: '/register', query: '', headers, body: Buffer.from('hello'), ...change }
}

/** Bytes that `someDelivery` counts while pending: header, body, path, and 1 KiB for each of three legs. */
export const usualBytes = 22 + 5 + 9 + 3 * 1024

/** A unique delivery to three targets. */
export function someDelivery(change: Partial<NewDelivery> = {}): NewDelivery {
  count++
  return {
    id: `delivery-${count}`,
    route: 'POST /register',
    lane: undefined,
    idempotencyKey: undefined,
    fingerprint: `fingerprint-${count}`,
    createdAt: someTime + count,
    request: requestWith(),
    legs: [legTo('server1'), legTo('server2'), legTo('server3')],
    ...change,
  }
}

/** All legs in this state, and finished unless that is `pending`. */
export function allLegs(sequence: number, state: LegState, change: Partial<DeliveryUpdate> = {}): DeliveryUpdate {
  const legs = ['server1', 'server2', 'server3'].map((target) => legTo(target, state, { attempts: 1 }))
  return { sequence, legs, finishedAt: state === 'pending' ? undefined : someTime, answer: undefined, ...change }
}

export async function inserted(store: DeliveryStore, delivery: NewDelivery): Promise<number> {
  return sequenceOf(await store.insert(delivery))
}

export function sequenceOf(result: InsertResult): number {
  if (result.kind === 'inserted') return result.sequence
  return assert.fail(result.kind === 'refused' ? result.failure.detail : 'it is there already')
}

export async function updated(store: DeliveryStore, update: DeliveryUpdate): Promise<void> {
  given(await store.update(update))
}

export async function found(store: DeliveryStore, id: string): Promise<StoredDelivery> {
  const delivery = given(await store.find(id))
  assert.ok(delivery !== undefined, `no delivery ${id}`)
  return delivery
}

/** Compares bytes regardless of the class that the store returns. */
export function plain(delivery: StoredDelivery): StoredDelivery {
  const { request, answer } = delivery
  return {
    ...delivery,
    request: request && { ...request, body: request.body && new Uint8Array(request.body) },
    answer: answer && { ...answer, body: new Uint8Array(answer.body) },
  }
}

export function sequencesOf(deliveries: readonly StoredDelivery[]): readonly number[] {
  return deliveries.map(({ sequence }) => sequence)
}

export type Counts = Omit<StoreFigures, 'syncs' | 'writes'>

/** Only the figures that follow from the stored data. */
export async function countsOf(store: DeliveryStore): Promise<Counts> {
  const { deliveries, pendingLegs, deadLegs, undeliveredBytes } = given(await store.figures())
  return { deliveries, pendingLegs, deadLegs, undeliveredBytes }
}
