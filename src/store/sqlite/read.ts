import type { LegState, StoredLeg } from '../delivery-store.ts'
import { matchesFilter } from '../matches-filter.ts'
import type { Database } from './database.ts'
import type { FindRequest, Listed, ListRequest, LoadRequest } from './exchanges.ts'
import type { DeliveryRow, ListRow } from './rows.ts'
import { numberOf } from './schema.ts'

const loadedAtOnce = 1000
const loadedBytesAtOnce = 8 * 1024 * 1024

/** How far one question goes, so that a long search lets writes in between: about 10 ms. */
const searchedRows = 1000
const searchedSequences = 20_000

export function find({ statements }: Database, request: FindRequest): DeliveryRow | null {
  const row =
    'id' in request ? statements.byId.get(request.id) : statements.byKey.get(request.route, request.idempotencyKey)
  return (row as unknown as DeliveryRow | undefined) ?? null
}

/** The next unfinished deliveries; none when there are no more. */
export function load({ statements }: Database, { afterSequence }: LoadRequest): readonly DeliveryRow[] {
  const rows: DeliveryRow[] = []
  let bytes = 0
  for (const found of statements.unfinished.iterate(afterSequence)) {
    const row = found as unknown as DeliveryRow
    const body = row[13]
    rows.push(row)
    bytes += body?.byteLength ?? 0
    if (rows.length === loadedAtOnce || bytes >= loadedBytesAtOnce) break
  }
  return rows
}

export function list({ db, lastSequence }: Database, { filter, beforeSequence }: ListRequest): Listed {
  const indexed = condition(filter.state)
  const oldest = numberOf(db, 'SELECT min(sequence) FROM delivery')
  const below = Math.min(beforeSequence, lastSequence + 1)
  const from = indexed === undefined ? Math.max(oldest, below - searchedSequences) : oldest
  const statement = db.prepare(`
    SELECT sequence, id, route, lane, idempotency_key, fingerprint, created_at, legs, finished_at FROM delivery
    WHERE sequence < ? AND sequence >= ? ${indexed === undefined ? '' : `AND ${indexed}`}
      ${filter.route === undefined ? '' : 'AND route = ?'}
    ORDER BY sequence DESC LIMIT ${searchedRows}`)
  statement.setReturnArrays(true)
  const route = filter.route === undefined ? [] : [filter.route]
  const searched = statement.all(below, from, ...route) as unknown as readonly ListRow[]
  const last = searched.length < searchedRows ? from : (searched.at(-1)?.[0] ?? from)
  return { rows: searched.filter((row) => matches(row, filter)), nextBefore: last > oldest ? last : undefined }
}

/** What makes SQLite take the partial index; the word for word condition of that. */
function condition(state: LegState | undefined): string | undefined {
  if (state === undefined || state === 'acknowledged') return undefined
  return `${state} > 0`
}

function matches(row: ListRow, filter: ListRequest['filter']): boolean {
  if (filter.state === undefined && filter.target === undefined) return true
  return matchesFilter(row[2], JSON.parse(row[7]) as readonly StoredLeg[], filter)
}
