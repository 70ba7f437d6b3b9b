import type { Database } from './database.ts'
import type { Removed, RemoveRequest, Revised, WriteRequest, Written } from './exchanges.ts'
import type { AnswerRow, DeliveryRow, InsertRow, UpdateRow } from './rows.ts'
import { fullText, isFull } from './store-fault.ts'

/** One sync for a whole removal would delay all other writes, so removal is done in parts. */
const removedAtOnce = 1000
/** Each removal rewrites some pages, and a full disk has room for few. */
const removedWhenFull = 10

/** Writes a whole batch in one transaction, thus with one sync; without the inserts if they have no room. */
export function write(database: Database, request: WriteRequest): Written {
  const { updates, revisions, inserts } = request
  if (inserts.length > 0 && database.hasRoom(bytesOf(request), inserts.length + updates.length)) {
    try {
      return database.transaction(() => writeAll(database, request))
    } catch (error) {
      if (!isFull(error)) throw error
    }
  }
  const full = inserts.length > 0 ? fullText(database.path) : undefined
  if (updates.length + revisions.length === 0) return { existing: [], revised: [], full }
  return { ...settle(database, { ...request, inserts: [] }), full }
}

/** Updates are written at any cost, because memory already has them: the reserve is for this. */
function settle(database: Database, request: WriteRequest): Written {
  try {
    return database.transaction(() => writeAll(database, request))
  } catch (error) {
    if (!isFull(error)) throw error
    database.room.give()
    updateInParts(database, request.updates, request.bytes)
    // Last, and in one transaction: these writes must not be repeated, because their changes are counted.
    return database.transaction(() => writeAll(database, { ...request, updates: [] }))
  }
}

/** Updates that do not fit together may fit one at a time: each reuses the log space of the previous one. */
function updateInParts(database: Database, updates: readonly UpdateRow[], bytes: Uint8Array): void {
  try {
    database.transaction(() => {
      for (const row of updates) applyUpdate(database, row, bytes)
    })
  } catch (error) {
    if (!isFull(error) || updates.length < 2) throw error
    const half = updates.length >> 1
    for (const part of [updates.slice(0, half), updates.slice(half)]) {
      database.room.emptyLog()
      updateInParts(database, part, bytes)
    }
  }
}

function writeAll(database: Database, { updates, revisions, inserts, bytes }: WriteRequest): Written {
  for (const row of updates) applyUpdate(database, row, bytes)
  const revised = revisions.map((row) => revise(database, row, bytes))
  const existing: [number, DeliveryRow][] = []
  for (const [index, row] of inserts.entries()) {
    if (!applyInsert(database, row, bytes)) existing.push([index, existingRow(database, row)])
  }
  return { existing, revised, full: undefined }
}

/** Size of the rows: the bodies in the buffer, and the texts beside them. */
function bytesOf({ inserts, bytes }: WriteRequest): number {
  let sum = bytes.byteLength
  for (const [delivery, request] of inserts) {
    for (const value of [...delivery, ...request]) if (typeof value === 'string') sum += value.length
  }
  return sum
}

export function remove(database: Database, { before }: RemoveRequest): Removed {
  try {
    return removeSome(database, before, removedAtOnce)
  } catch (error) {
    if (!isFull(error)) throw error
    database.room.give()
    return removeSome(database, before, removedWhenFull)
  }
}

function removeSome(database: Database, before: number, atOnce: number): Removed {
  const { removable, dropDelivery, dropAnswer } = database.statements
  return database.transaction(() => {
    const sequences = removable.all(before, atOnce).map(([sequence]) => sequence)
    for (const sequence of sequences) {
      dropDelivery.run(sequence)
      dropAnswer.run(sequence)
    }
    database.deliveries -= sequences.length
    return { removed: sequences.length, more: sequences.length === atOnce }
  })
}

/** Whether it was stored: false if its id or its idempotency key is taken. */
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
  const before = legCounts.get(sequence)
  if (before === undefined) return { deadBefore: 0, deadAfter: 0, reopened: undefined }
  applyUpdate(database, row, bytes)
  const reopened = pending > 0 ? bySequence.get(sequence) : undefined
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

/** The delivery that has the id or the idempotency key of a refused insert. */
function existingRow({ statements }: Database, [[, id, route, , key]]: InsertRow): DeliveryRow {
  const found = (key === null ? undefined : statements.byKey.get(route, key)) ?? statements.byId.get(id)
  if (found === undefined) throw new Error(`delivery ${id} was not inserted, but nothing stands in its way`)
  return found
}
