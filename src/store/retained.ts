import { noHeaders } from '../core/headers.ts'
import type { StoredRequest } from './delivery-store.ts'
import type { LegTally } from './leg-tally.ts'

/**
 * A request can be sent again only while a leg is pending, or dead and so open to a replay. After that its headers and
 * body, which hold people's passwords and most of the bytes, are not kept.
 */
export function needsRequest({ pending, dead }: LegTally): boolean {
  return pending > 0 || dead > 0
}

export function withoutPayload({ method, path, query }: StoredRequest): StoredRequest {
  return { method, path, query, headers: noHeaders, body: undefined }
}
