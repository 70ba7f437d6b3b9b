import type { HeaderPairs } from '../../core/headers.ts'
import type { NewDelivery, StoredAnswer, StoredDelivery, StoredLeg, StoredRequest } from '../delivery-store.ts'
import { tallyLegs } from '../leg-tally.ts'
import type { BytesWriter } from './bytes.ts'

/*
 * How values pass between threads: a row is the list of values that its statement takes, and all bodies of a message
 * share one buffer, which is transferred. In batches of 32 an insert costs 2.3 us of CPU that way, both threads
 * together; 2.9 with a buffer for each body, 4.1 as one flat array, 3.8 encoded into one buffer
 * (bench/micro/store-messages.ts).
 */

/** The columns of a delivery's row, in the order of `insertDelivery`. */
export type DeliveryValues = readonly [
  sequence: number,
  id: string,
  route: string,
  lane: string | null,
  idempotencyKey: string | null,
  fingerprint: string,
  createdAt: number,
  legs: string,
  pending: number,
  dead: number,
  discarded: number,
]

/** The body is in the accompanying buffer, from `start` to `end`; `start` is -1 if there is none. */
export type InsertRow = readonly [delivery: DeliveryValues, request: RequestValues, bodyStart: number, bodyEnd: number]

/** In the order of `insertRequest`, between the sequence and the body. */
export type RequestValues = readonly [method: string, path: string, query: string, headers: string]

/** In the order of `updateDelivery`. */
export type UpdateValues = readonly [
  legs: string,
  pending: number,
  dead: number,
  discarded: number,
  finishedAt: number | null,
  sequence: number,
]

export type AnswerRow = readonly [status: number, headers: string, bodyStart: number, bodyEnd: number]

export type UpdateRow = readonly [delivery: UpdateValues, answer: AnswerRow | undefined]

/** A delivery in a list, without bodies. */
export type ListRow = readonly [
  sequence: number,
  id: string,
  route: string,
  lane: string | null,
  idempotencyKey: string | null,
  fingerprint: string,
  createdAt: number,
  legs: string,
  finishedAt: number | null,
]

/** A delivery as the thread reads it from the database. */
export type DeliveryRow = readonly [
  ...ListRow,
  method: string | null,
  path: string | null,
  query: string | null,
  requestHeaders: string | null,
  requestBody: Uint8Array | null,
  answerStatus: number | null,
  answerHeaders: string | null,
  answerBody: Uint8Array | null,
]

export function insertRow(sequence: number, delivery: NewDelivery, bytes: BytesWriter): InsertRow {
  const { id, route, lane = null, idempotencyKey = null, fingerprint, createdAt, request, legs } = delivery
  const { pending, dead, discarded } = tallyLegs(legs)
  const { method, path, query, headers, body } = request
  const start = body === undefined ? -1 : bytes.add(body)
  return [
    [sequence, id, route, lane, idempotencyKey, fingerprint, createdAt, JSON.stringify(legs), pending, dead, discarded],
    [method, path, query, JSON.stringify(headers)],
    start,
    start + (body?.byteLength ?? 0),
  ]
}

export function updateRow(
  sequence: number,
  legs: readonly StoredLeg[],
  finishedAt: number | undefined,
  answer: StoredAnswer | undefined,
  bytes: BytesWriter,
): UpdateRow {
  const { pending, dead, discarded } = tallyLegs(legs)
  const values = [JSON.stringify(legs), pending, dead, discarded, finishedAt ?? null, sequence] as const
  return [values, answer === undefined ? undefined : answerRow(answer, bytes)]
}

function answerRow({ status, headers, body }: StoredAnswer, bytes: BytesWriter): AnswerRow {
  const start = bytes.add(body)
  return [status, JSON.stringify(headers), start, start + body.byteLength]
}

export function deliveryOf(row: DeliveryRow): StoredDelivery {
  const [, , , , , , , , , method, path, query, requestHeaders, requestBody, ...answer] = row
  return {
    ...listedOf(row),
    request: requestOf(method, path, query, requestHeaders, requestBody),
    answer: answerOf(...answer),
  }
}

/** From a whole delivery too, which begins with the same columns. */
export function listedOf(row: ListRow | DeliveryRow): StoredDelivery {
  const [sequence, id, route, lane, key, fingerprint, createdAt, legs, finishedAt] = row
  return {
    sequence,
    id,
    route,
    lane: lane ?? undefined,
    idempotencyKey: key ?? undefined,
    fingerprint,
    createdAt,
    finishedAt: finishedAt ?? undefined,
    request: undefined,
    legs: legsOf(legs),
    answer: undefined,
  }
}

function requestOf(
  method: string | null,
  path: string | null,
  query: string | null,
  headers: string | null,
  body: Uint8Array | null,
): StoredRequest | undefined {
  if (method === null || path === null || query === null || headers === null) return undefined
  return { method, path, query, headers: JSON.parse(headers) as HeaderPairs, body: body ?? undefined }
}

function answerOf(status: number | null, headers: string | null, body: Uint8Array | null): StoredAnswer | undefined {
  if (status === null || headers === null || body === null) return undefined
  return { status, headers: JSON.parse(headers) as HeaderPairs, body }
}

/** JSON omits undefined fields; this restores them. */
function legsOf(text: string): readonly StoredLeg[] {
  return (JSON.parse(text) as readonly StoredLeg[]).map((leg) => ({
    target: leg.target,
    state: leg.state,
    attempts: leg.attempts,
    nextAttemptAt: leg.nextAttemptAt,
    waitMs: leg.waitMs,
    outcome: leg.outcome,
    status: leg.status,
    detail: leg.detail,
  }))
}
