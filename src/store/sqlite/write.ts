import type { Database } from './database.ts'
import type { Removed, RemoveRequest, Revised, WriteRequest, Written } from './exchanges.ts'
import type { AnswerRow, DeliveryRow, InsertRow, UpdateRow } from './rows.ts'

/** One sync for a whole removal would hold everybody up, so it is done in parts. */
const removedAtOnce = 1000

/** All that waited, in one transaction and so with one sync. */
export function write(database: Database, request: WriteRequest): Written {
  return database.transaction(() => {
    for (const row of request.updates) applyUpdate(database, row, request.bytes)
    const revised = request.revisions.map((row) => revise(database, row, request.bytes))
    const existing: [number, DeliveryRow][] = []
    for (const [place, row] of request.inserts.entries()) {
      if (!applyInsert(database, row, request.bytes)) existing.push([place, existingRow(database, row)])
    }
    return { existing, revised }
  })
}

export function remove(database: Database, { before }: RemoveRequest): Removed {
  const { removable, dropDelivery, dropAnswer } = database.statements
  return database.transaction(() => {
    const sequences = (removable.all(before, removedAtOnce) as unknown as [number][]).map(([sequence]) => sequence)
    for (const sequence of sequences) {
      dropDelivery.run(sequence)
      dropAnswer.run(sequence)
    }
    database.deliveries -= sequences.length
    return { removed: sequences.length, more: sequences.length === removedAtOnce }
  })
}

/** Whether it was stored; it is not if its id or its idempotency key is taken. */
export function applyInsert(database: Database, row: InsertRow, bytes: Uint8Array): boolean {
  const [delivery, request, bodyStart, bodyEnd] = row
  const { insertDelivery, insertRequest } = database.statements
  if (insertDelivery.run(...delivery).changes === 0) return false
  const sequence = delivery[0]
  insertRequest.run(sequence, ...request, bodyStart < 0 ? null : bytes.subarray(bodyStart, bodyEnd))
  database.deliveries++
  database.lastSequence = Math.max(database.lastSequence, sequence)
  return true
}

export function applyUpdate(database: Database, [delivery, answer]: UpdateRow, bytes: Uint8Array): void {
  const { updateDelivery, dropRequest } = database.statements
  const [, pending, dead, , , sequence] = delivery
  if (updateDelivery.run(...delivery).changes === 0) return
  if (pending === 0 && dead === 0) dropRequest.run(sequence)
  if (answer !== undefined) putAnswer(database, sequence, answer, bytes)
}

function revise(database: Database, row: UpdateRow, bytes: Uint8Array): Revised {
  const { legCounts, bySequence } = database.statements
  const [[, pending, dead, , , sequence]] = row
  const before = legCounts.get(sequence) as unknown as [pending: number, dead: number] | undefined
  if (before === undefined) return { deadBefore: 0, deadAfter: 0, reopened: undefined }
  applyUpdate(database, row, bytes)
  const reopened = pending > 0 ? (bySequence.get(sequence) as unknown as DeliveryRow) : undefined
  return { deadBefore: before[1], deadAfter: dead, reopened }
}

function putAnswer(
  database: Database,
  sequence: number,
  [status, headers, start, end]: AnswerRow,
  bytes: Uint8Array,
): void {
  database.statements.putAnswer.run(sequence, status, headers, bytes.subarray(start, end))
}

function existingRow({ statements }: Database, [[, id, route, , key]]: InsertRow): DeliveryRow {
  const found = (key === null ? undefined : statements.byKey.get(route, key)) ?? statements.byId.get(id)
  return found as unknown as DeliveryRow
}
