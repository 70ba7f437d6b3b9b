import findMyWay from 'find-my-way'
import { failure } from '../core/failure.ts'
import { http } from '../kit/node-http.ts'
import type { Resolve, RoutedHandler, RouteHandler } from '../transport/server/route-handler.ts'

interface Stored {
  readonly handler: RouteHandler
  /** Behind how many slashes the rest (`*`) begins; undefined where there is none. */
  readonly restAfter: number | undefined
}

/** Finds the route of a request: a fixed path before a captured one, a captured one before a rest. */
export function router(routes: readonly RoutedHandler[]): Resolve {
  const tree = findMyWay({
    // Read by the layers that need it; find-my-way would parse it for every request.
    querystringParser: () => ({}),
    maxParamLength: 4096,
  })
  const noop = (): void => {}
  const methodsSeen = new Set<string>()

  const add = (method: string, path: string, handler: RouteHandler): void => {
    if (tree.hasRoute(method as findMyWay.HTTPMethod, path)) return
    methodsSeen.add(method)
    const restAfter = path.endsWith('*') ? path.split('/').length - 1 : undefined
    tree.on(method as findMyWay.HTTPMethod, path, noop, { handler, restAfter } satisfies Stored)
  }
  // What names its methods goes before what takes all, and HEAD by its own name before HEAD by GET.
  for (const { match, handler } of routes) for (const method of match.methods ?? []) add(method, match.path, handler)
  for (const { match, handler } of routes) if (match.methods?.includes('GET')) add('HEAD', match.path, handler)
  for (const { match, handler } of routes) {
    if (match.methods === undefined) for (const method of http.METHODS) add(method, match.path, handler)
  }

  return function resolve(method, path) {
    const found = tree.find(method as findMyWay.HTTPMethod, path)
    if (found !== null) {
      const { handler, restAfter } = found.store as Stored
      const params = restAfter === undefined ? found.params : { ...found.params, '*': rest(path, restAfter) }
      return { found: true, handler, params }
    }
    const allowed = [...methodsSeen].filter((other) => tree.find(other as findMyWay.HTTPMethod, path) !== null)
    if (allowed.length === 0) return { found: false, failure: failure('NO_ROUTE', 'No route matches this path') }
    const allow = allowed.sort().join(', ')
    const detail = `This path takes ${allow}; the method was ${method}`
    return { found: false, failure: failure('METHOD_NOT_ALLOWED', detail, { headers: ['allow', allow] }) }
  }
}

/** As it was sent: find-my-way gives it decoded. */
function rest(path: string, slashes: number): string {
  let from = -1
  for (let seen = 0; seen < slashes; seen++) from = path.indexOf('/', from + 1)
  return path.slice(from + 1)
}
