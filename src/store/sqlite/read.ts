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
  const oldest = numberOf(db, 'SELECT min(sequence) FROM delivery')
  const below = Math.min(beforeSequence, lastSequence + 1)
  const from = indexed(filter.state) ? oldest : Math.max(oldest, below - searchedSequences)
  const statement = db.prepare(listSql(filter))
  statement.setReturnArrays(true)
  // One more than asked for tells whether there are more.
  const wanted = filter.limit + 1
  const isExact = filter.target === undefined && filter.state !== 'acknowledged'
  const rowLimit = isExact ? Math.min(wanted, searchedRows) : searchedRows
  const route = filter.route === undefined ? [] : [filter.route]
  const searched = statement.all(below, from, ...route, rowLimit) as unknown as readonly ListRow[]
  const last = searched.length < rowLimit ? from : (searched.at(-1)?.[0] ?? from)
  const rows = isExact ? searched : searched.filter(([, , of, , , , , legs]) => hasLeg(of, legs, filter))
  return { rows: rows.slice(0, wanted), nextBefore: last > oldest ? last : undefined }
}

/** Those of a route and, where there is an index for it, with a leg in a state. */
export function listSql({ state, route }: Pick<ListRequest['filter'], 'state' | 'route'>): string {
  return `
    SELECT sequence, id, route, lane, idempotency_key, fingerprint, created_at, legs, finished_at FROM delivery
    WHERE sequence < ? AND sequence >= ? ${indexed(state) ? `AND ${state} > 0` : ''}
      ${route === undefined ? '' : 'AND route = ?'}
    ORDER BY sequence DESC LIMIT ?`
}

/** Nearly everything is acknowledged at last: an index of that would hold it all. */
function indexed(state: LegState | undefined): state is 'pending' | 'dead' | 'discarded' {
  return state !== undefined && state !== 'acknowledged'
}

function hasLeg(route: string, legs: string, filter: ListRequest['filter']): boolean {
  return matchesFilter(route, JSON.parse(legs) as readonly StoredLeg[], filter)
}
