import type { HeaderPairs } from '../../core/headers.ts'
import type { NewDelivery, StoredAnswer, StoredDelivery, StoredLeg } from '../delivery-store.ts'
import { tallyLegs } from '../leg-tally.ts'
import type { BytesWriter } from './bytes.ts'

/** What of a delivery goes into its row, in the order of `insertDelivery`. */
export type DeliveryValues = readonly [
  sequence: number,
  id: string,
  route: string,
  lane: string | null,
  idempotencyKey: string | null,
  fingerprint: string,
  createdAt: number,
  method: string,
  path: string,
  query: string,
  legs: string,
  pending: number,
  dead: number,
  discarded: number,
]

/** A body stands in the buffer that comes along, from `start` to `end`; `start` is -1 where there is none. */
export type InsertRow = readonly [delivery: DeliveryValues, headers: string, bodyStart: number, bodyEnd: number]

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

/** A delivery as the thread reads it. */
export type DeliveryRow = readonly [
  sequence: number,
  id: string,
  route: string,
  lane: string | null,
  idempotencyKey: string | null,
  fingerprint: string,
  createdAt: number,
  method: string,
  path: string,
  query: string,
  legs: string,
  finishedAt: number | null,
  requestHeaders: string | null,
  requestBody: Uint8Array | null,
  answerStatus: number | null,
  answerHeaders: string | null,
  answerBody: Uint8Array | null,
]

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

export function insertRow(sequence: number, delivery: NewDelivery, bytes: BytesWriter): InsertRow {
  const { id, route, lane = null, idempotencyKey = null, fingerprint, createdAt, request, legs } = delivery
  const { pending, dead, discarded } = tallyLegs(legs)
  const { method, path, query, headers, body } = request
  const start = body === undefined ? -1 : bytes.add(body)
  return [
    [sequence, id, route, lane, idempotencyKey, fingerprint, createdAt, method, path, query, JSON.stringify(legs), pending, dead, discarded],
    JSON.stringify(headers),
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
  const [sequence, id, route, lane, key, fingerprint, createdAt, method, path, query, legs, finishedAt, ...rest] = row
  const [requestHeaders, requestBody, answerStatus, answerHeaders, answerBody] = rest
  return {
    sequence,
    id,
    route,
    lane: lane ?? undefined,
    idempotencyKey: key ?? undefined,
    fingerprint,
    createdAt,
    finishedAt: finishedAt ?? undefined,
    request: { method, path, query, headers: headersOf(requestHeaders), body: requestBody ?? undefined },
    legs: legsOf(legs),
    answer: answerOf(answerStatus, answerHeaders, answerBody),
  }
}

export function listedOf(row: ListRow): StoredDelivery {
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

function headersOf(text: string | null): HeaderPairs {
  return text === null ? [] : (JSON.parse(text) as HeaderPairs)
}

function answerOf(status: number | null, headers: string | null, body: Uint8Array | null): StoredAnswer | undefined {
  return status === null || body === null ? undefined : { status, headers: headersOf(headers), body }
}

/** JSON leaves out what is undefined; the legs have it again. */
function legsOf(text: string): readonly StoredLeg[] {
  return (JSON.parse(text) as readonly StoredLeg[]).map((leg) => ({
    target: leg.target,
    state: leg.state,
    attempts: leg.attempts,
    nextAttemptAt: leg.nextAttemptAt,
    outcome: leg.outcome,
    status: leg.status,
    detail: leg.detail,
  }))
}
