import type { Database } from './database.ts'
import type { Reconciled, ReconcileRequest, Restored, RestoreRequest } from './exchanges.ts'
import { prepareQuery } from './query.ts'
import { numberOf } from './schema.ts'
import { applyInsert, applyUpdate } from './write.ts'

/**
 * Brings a reopened file in line with memory, which is authoritative for unfinished deliveries. One that memory does
 * not hold was never reported as stored (its batch failed after it had reached the log) or, in an older copy of the
 * store, has finished since.
 */
export function reconcile(database: Database, { held, updated, lastSequence }: ReconcileRequest): Reconciled {
  const { db, statements } = database
  const isHeld = new Set(held)
  const keep = new Set([...held, ...updated])
  const unfinished = numbers(database, 'SELECT sequence FROM delivery WHERE pending > 0')
  const unknown = unfinished.filter((sequence) => !keep.has(sequence))
  database.transaction(() => {
    for (const sequence of unknown) dropWhole(database, sequence)
    database.deliveries -= unknown.length
    database.lastSequence = Math.max(database.lastSequence, lastSequence)
  })
  const isWhole = db.prepare('SELECT 1 FROM request JOIN delivery USING (sequence) WHERE sequence = ?')
  const missing = held.filter((sequence) => isWhole.get(sequence) === undefined)
  let settledDeadLegs = 0
  for (const sequence of numbers(database, 'SELECT sequence FROM delivery WHERE dead > 0 AND pending = 0')) {
    const [, dead = 0] = statements.legCounts.get(sequence) ?? []
    if (!isHeld.has(sequence)) settledDeadLegs += dead
  }
  return { missing, removed: unknown.length, settledDeadLegs, deliveries: database.deliveries }
}

/** Writes deliveries as memory has them, replacing any row in the file. */
export function restore(database: Database, { rows, bytes }: RestoreRequest): Restored {
  const { db, statements } = database
  database.transaction(() => {
    for (const [inserted, updated] of rows) {
      const [[sequence, id, route, , key]] = inserted
      for (const clash of [statements.byId.get(id), key === null ? undefined : statements.byKey.get(route, key)]) {
        if (clash !== undefined) dropWhole(database, clash[0])
      }
      dropWhole(database, sequence)
      applyInsert(database, inserted, bytes)
      applyUpdate(database, updated, bytes)
    }
    database.deliveries = numberOf(db, 'SELECT count(*) FROM delivery')
  })
  return { deliveries: database.deliveries }
}

function dropWhole({ statements }: Database, sequence: number): void {
  statements.dropDelivery.run(sequence)
  statements.dropRequest.run(sequence)
  statements.dropAnswer.run(sequence)
}

function numbers({ db }: Database, sql: string): readonly number[] {
  return prepareQuery<readonly [number]>(db, sql)
    .all()
    .map(([value]) => value)
}
