import type { DatabaseSync } from 'node:sqlite'

/** `HDGR`: distinguishes our stores from SQLite databases of other programs. */
export const applicationId = 0x48444752

/** Migrates the schema from the previous version to the next. Never edit a released step: add another. */
export type SchemaStep = (db: DatabaseSync, newStoreId: string) => void

/**
 * The mutable state of a delivery is one row of `delivery`. The request and the answer have their own tables, because
 * SQLite rewrites a whole row for any change. `pending`, `dead` and `discarded` count legs: the partial indexes on them
 * hold only the few rows that queries look for, so most writes do not touch them.
 */
const firstSchema: SchemaStep = (db, newStoreId) => {
  db.exec(`
    CREATE TABLE meta (
      only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
      store_id TEXT NOT NULL,
      last_sequence INTEGER NOT NULL,
      deliveries INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE delivery (
      sequence INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      route TEXT NOT NULL,
      lane TEXT,
      idempotency_key TEXT,
      fingerprint TEXT NOT NULL,
      created_at REAL NOT NULL,
      legs TEXT NOT NULL,
      pending INTEGER NOT NULL,
      dead INTEGER NOT NULL,
      discarded INTEGER NOT NULL,
      finished_at REAL
    ) STRICT;
    CREATE UNIQUE INDEX delivery_key ON delivery (route, idempotency_key) WHERE idempotency_key IS NOT NULL;
    CREATE INDEX delivery_pending ON delivery (sequence) WHERE pending > 0;
    CREATE INDEX delivery_dead ON delivery (sequence) WHERE dead > 0;
    CREATE INDEX delivery_discarded ON delivery (sequence) WHERE discarded > 0;
    CREATE INDEX delivery_removable ON delivery (finished_at)
      WHERE finished_at IS NOT NULL AND pending = 0 AND dead = 0;

    CREATE TABLE request (
      sequence INTEGER PRIMARY KEY,
      method TEXT NOT NULL,
      path TEXT NOT NULL,
      query TEXT NOT NULL,
      headers TEXT NOT NULL,
      body BLOB
    ) STRICT;

    CREATE TABLE answer (
      sequence INTEGER PRIMARY KEY,
      status INTEGER NOT NULL,
      headers TEXT NOT NULL,
      body BLOB NOT NULL
    ) STRICT;
  `)
  db.prepare('INSERT INTO meta VALUES (1, ?, 0, 0)').run(newStoreId)
}

/** Results that arrived with no client waiting. `status` is null once a result is spent or dropped. */
const ticketSchema: SchemaStep = (db) => {
  db.exec(`
    CREATE TABLE ticket (
      id TEXT PRIMARY KEY,
      route TEXT NOT NULL,
      created_at REAL NOT NULL,
      ready_until REAL NOT NULL,
      known_until REAL NOT NULL,
      bytes INTEGER NOT NULL,
      status INTEGER,
      content_type TEXT,
      body BLOB
    ) STRICT;
    CREATE INDEX ticket_sums ON ticket (status, bytes);
    CREATE INDEX ticket_age ON ticket (created_at);
  `)
}

export const schemaSteps: readonly SchemaStep[] = [firstSchema, ticketSchema]

/** Migrates the database to the latest version, in one transaction: all steps or none. */
export function migrate(db: DatabaseSync, steps: readonly SchemaStep[], newStoreId: string): void {
  const version = numberOf(db, 'PRAGMA user_version')
  if (version === steps.length) return
  db.exec('BEGIN IMMEDIATE')
  try {
    for (const step of steps.slice(version)) step(db, newStoreId)
    db.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${steps.length}; COMMIT`)
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
  // An older Hedgerow reads the version before the log, and must not mistake this store for one of its own version.
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
}

/** The single number that the statement returns. */
export function numberOf(db: DatabaseSync, sql: string): number {
  return Number(Object.values(db.prepare(sql).get() ?? {})[0])
}
