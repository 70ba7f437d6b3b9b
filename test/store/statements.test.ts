import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { listSql } from '../../src/store/sqlite/read.ts'
import { migrate, schemaSteps } from '../../src/store/sqlite/schema.ts'
import { prepareStatements } from '../../src/store/sqlite/statements.ts'

/** The query plan, one line per table. */
function planOf(db: DatabaseSync, { sourceSQL }: { readonly sourceSQL: string }): readonly string[] {
  const places = sourceSQL.split('?').length - 1
  return db
    .prepare(`EXPLAIN QUERY PLAN ${sourceSQL}`)
    .all(...Array.from({ length: places }, () => 1))
    .map(({ detail }) => String(detail))
}

describe('the statements of the SQLite store', () => {
  const db = new DatabaseSync(':memory:')
  migrate(db, schemaSteps, 'store')
  const statements = prepareStatements(db)

  it('never scan a table, nor sort', () => {
    for (const [name, statement] of Object.entries<{ readonly sourceSQL: string }>({ ...statements })) {
      for (const line of planOf(db, statement)) {
        if (name === 'putMeta') assert.match(line, /SCAN meta/, 'it has one row')
        else assert.doesNotMatch(line, /SCAN|TEMP B-TREE/, name)
      }
    }
  })

  it('show a scan or a sort in their plan if they need one', () => {
    assert.match(planOf(db, db.prepare('SELECT id FROM delivery WHERE lane = ?')).join(), /SCAN/)
    assert.match(
      planOf(db, db.prepare('SELECT id FROM delivery WHERE sequence > ? ORDER BY lane')).join(),
      /TEMP B-TREE/,
    )
  })

  for (const state of ['pending', 'dead', 'discarded'] as const) {
    it(`find ${state} deliveries by a dedicated index`, () => {
      for (const filter of [{ state }, { state, route: 'a' }]) {
        const plan = planOf(db, db.prepare(listSql(filter)))
        assert.match(plan.join(), new RegExp(`USING INDEX delivery_${state} \\(sequence>\\? AND sequence<\\?\\)$`))
      }
    })
  }

  it('find all others in the order of their sequences', () => {
    for (const filter of [{}, { state: 'acknowledged', route: 'a' }] as const) {
      const plan = planOf(db, db.prepare(listSql(filter)))
      assert.match(plan.join(), /^SEARCH delivery USING INTEGER PRIMARY KEY \(rowid>\? AND rowid<\?\)$/)
    }
  })
})
