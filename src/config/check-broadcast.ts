import { isSafe } from '../core/request.ts'
import type { Path } from '../kit/json-pointer.ts'
import type { Finding } from './diagnostic.ts'
import { optionsIf } from './route-strategy.ts'
import type { RouteConfig } from './schema.ts'
import { withFound } from './wording.ts'

export function checkBroadcast(route: RouteConfig, path: Path): readonly Finding[] {
  return [...checkMethods(route, path), ...checkHeaders(route, path)]
}

/** A read would become a durable write, and be sent until a target acknowledges it as a write. */
function checkMethods({ match, strategy }: RouteConfig, path: Path): readonly Finding[] {
  if (strategy.name !== 'broadcast') return []
  const reads = match.methods === undefined ? ['all methods'] : match.methods.filter(isSafe)
  if (reads.length === 0) return []
  const message = withFound(
    'methods that write, such as POST or PUT,DELETE, as `broadcast` is for writes',
    reads.join(', '),
  )
  return [{ path: [...path, 'match'], message, shownAt: 'value' }]
}

/**
 * Targets tell a repeat from a new write by these headers. With the same key on two writes, the second would be
 * dropped.
 */
const attemptHeaders = new Set(['idempotency-key', 'x-hedgerow-attempt'])

function checkHeaders(route: RouteConfig, path: Path): readonly Finding[] {
  const broadcast = optionsIf('broadcast', route)
  if (broadcast === undefined) return []
  const { set = {}, remove = [] } = broadcast.headers ?? {}
  const isOwn = (name: string): boolean => attemptHeaders.has(name.toLowerCase())
  const message =
    'each attempt carries this field, so that a target can tell a repeat from a new write; it can be neither set nor removed'
  const at = [...path, 'broadcast', 'headers']
  return [
    ...Object.keys(set)
      .filter(isOwn)
      .map((name): Finding => ({ path: [...at, 'set', name], message, shownAt: 'key' })),
    ...remove.flatMap((name, index): readonly Finding[] =>
      isOwn(name) ? [{ path: [...at, 'remove', index], message, shownAt: 'value' }] : [],
    ),
  ]
}
