import type { LegState, StoredLeg } from '../delivery-store.ts'
import { matchesFilter } from '../matches-filter.ts'
import type { Database } from './database.ts'
import type { FindRequest, Listed, ListRequest, LoadRequest } from './exchanges.ts'
import { prepareQuery } from './query.ts'
import type { DeliveryRow, ListRow } from './rows.ts'
import { numberOf } from './schema.ts'

const loadedAtOnce = 1000
const loadedBytesAtOnce = 8 * 1024 * 1024

/** Limits of one request, so that writes can run between the parts of a long search: about 10 ms. */
const searchedRows = 1000
const searchedSequences = 20_000

export function find({ statements }: Database, request: FindRequest): DeliveryRow | null {
  const row =
    'id' in request ? statements.byId.get(request.id) : statements.byKey.get(request.route, request.idempotencyKey)
  return row ?? null
}

/** The next unfinished deliveries; empty at the end. */
export function load({ statements }: Database, { afterSequence }: LoadRequest): readonly DeliveryRow[] {
  const rows: DeliveryRow[] = []
  let bytes = 0
  for (const row of statements.unfinished.iterate(afterSequence)) {
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
  const query = prepareQuery<ListRow>(db, listSql(filter))
  // One extra row shows whether there are more.
  const wanted = filter.limit + 1
  const isExact = filter.target === undefined && filter.state !== 'acknowledged'
  const rowLimit = isExact ? Math.min(wanted, searchedRows) : searchedRows
  const route = filter.route === undefined ? [] : [filter.route]
  const searched = query.all(below, from, ...route, rowLimit)
  const last = searched.length < rowLimit ? from : (searched.at(-1)?.[0] ?? from)
  const rows = isExact ? searched : searched.filter(([, , of, , , , , legs]) => hasLeg(of, legs, filter))
  return { rows: rows.slice(0, wanted), nextBefore: last > oldest ? last : undefined }
}

/** Deliveries of a route and, if an index covers the state, with a leg in that state. */
export function listSql({ state, route }: Pick<ListRequest['filter'], 'state' | 'route'>): string {
  return `
    SELECT sequence, id, route, lane, idempotency_key, fingerprint, created_at, legs, finished_at FROM delivery
    WHERE sequence < ? AND sequence >= ? ${indexed(state) ? `AND ${state} > 0` : ''}
      ${route === undefined ? '' : 'AND route = ?'}
    ORDER BY sequence DESC LIMIT ?`
}

/** Nearly every leg ends up acknowledged: an index of that state would hold them all. */
function indexed(state: LegState | undefined): state is 'pending' | 'dead' | 'discarded' {
  return state !== undefined && state !== 'acknowledged'
}

function hasLeg(route: string, legs: string, filter: ListRequest['filter']): boolean {
  return matchesFilter(route, JSON.parse(legs) as readonly StoredLeg[], filter)
}
