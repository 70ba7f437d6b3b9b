import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { prepareQuery, type Query } from './query.ts'
import type { DeliveryRow } from './rows.ts'

/** All statements used while the database serves, prepared once. */
export interface Statements {
  readonly begin: StatementSync
  readonly commit: StatementSync
  readonly insertDelivery: StatementSync
  readonly insertRequest: StatementSync
  readonly updateDelivery: StatementSync
  readonly putAnswer: StatementSync
  readonly dropRequest: StatementSync
  readonly putMeta: StatementSync
  readonly legCounts: Query<readonly [pending: number, dead: number]>
  readonly bySequence: Query<DeliveryRow>
  readonly byId: Query<DeliveryRow>
  readonly byKey: Query<DeliveryRow>
  readonly unfinished: Query<DeliveryRow>
  readonly removable: Query<readonly [sequence: number]>
  readonly dropDelivery: StatementSync
  readonly dropAnswer: StatementSync
}

const deliveryColumns = `
  d.sequence, d.id, d.route, d.lane, d.idempotency_key, d.fingerprint, d.created_at, d.legs, d.finished_at,
  r.method, r.path, r.query, r.headers, r.body, a.status, a.headers, a.body`

const selectDelivery = `
  SELECT ${deliveryColumns}
  FROM delivery d LEFT JOIN request r ON r.sequence = d.sequence LEFT JOIN answer a ON a.sequence = d.sequence`

export function prepareStatements(db: DatabaseSync): Statements {
  const prepare = (sql: string): StatementSync => db.prepare(sql)
  return {
    begin: prepare('BEGIN IMMEDIATE'),
    commit: prepare('COMMIT'),
    // If the id or the idempotency key is taken, no row changes.
    insertDelivery: prepare(`
      INSERT INTO delivery (sequence, id, route, lane, idempotency_key, fingerprint, created_at, legs, pending, dead,
        discarded)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`),
    insertRequest: prepare(
      'INSERT OR REPLACE INTO request (sequence, method, path, query, headers, body) VALUES (?, ?, ?, ?, ?, ?)',
    ),
    updateDelivery: prepare(`
      UPDATE delivery SET legs = ?, pending = ?, dead = ?, discarded = ?, finished_at = ? WHERE sequence = ?`),
    putAnswer: prepare('INSERT OR REPLACE INTO answer (sequence, status, headers, body) VALUES (?, ?, ?, ?)'),
    dropRequest: prepare('DELETE FROM request WHERE sequence = ?'),
    putMeta: prepare('UPDATE meta SET last_sequence = ?, deliveries = ?'),
    legCounts: prepareQuery(db, 'SELECT pending, dead FROM delivery WHERE sequence = ?'),
    bySequence: prepareQuery(db, `${selectDelivery} WHERE d.sequence = ?`),
    byId: prepareQuery(db, `${selectDelivery} WHERE d.id = ?`),
    byKey: prepareQuery(db, `${selectDelivery} WHERE d.route = ? AND d.idempotency_key = ?`),
    unfinished: prepareQuery(
      db,
      `
      ${selectDelivery} WHERE d.pending > 0 AND d.sequence > ? ORDER BY d.sequence`,
    ),
    removable: prepareQuery(
      db,
      `
      SELECT sequence FROM delivery
      WHERE finished_at IS NOT NULL AND pending = 0 AND dead = 0 AND finished_at < ? LIMIT ?`,
    ),
    dropDelivery: prepare('DELETE FROM delivery WHERE sequence = ?'),
    dropAnswer: prepare('DELETE FROM answer WHERE sequence = ?'),
  }
}
