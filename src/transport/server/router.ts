import findMyWay from 'find-my-way'
import { failure } from '../../core/failure.ts'
import { http } from '../../kit/node-http.ts'
import type { Resolve, RoutedHandler, RouteMatch } from './route-handler.ts'

interface Stored<Handler> {
  readonly handler: Handler
  /** The number of slashes before the rest (`*`); undefined for a path without one. */
  readonly restAfter: number | undefined
}

/** A route that takes GET also takes HEAD. */
export function takesHead({ methods }: RouteMatch): boolean {
  return methods === undefined || methods.includes('GET') || methods.includes('HEAD')
}

/** Finds the route of a request: fixed paths first, then captures, then rests. */
export function router<Handler>(routes: readonly RoutedHandler<Handler>[]): Resolve<Handler> {
  const tree = findMyWay({
    // Layers parse the query if they need it; find-my-way would parse it for every request.
    querystringParser: () => ({}),
    maxParamLength: 4096,
  })
  const noop = (): void => {}
  const methodsSeen = new Set<string>()

  const add = (method: string, path: string, handler: Handler): void => {
    if (tree.hasRoute(method as findMyWay.HTTPMethod, path)) return
    methodsSeen.add(method)
    const restAfter = path.endsWith('*') ? path.split('/').length - 1 : undefined
    tree.on(method as findMyWay.HTTPMethod, path, noop, { handler, restAfter } satisfies Stored<Handler>)
  }
  // Routes that list methods take precedence over those for all methods, and an explicit HEAD over HEAD by GET.
  for (const { match, handler } of routes) for (const method of match.methods ?? []) add(method, match.path, handler)
  for (const { match, handler } of routes) if (match.methods?.includes('GET')) add('HEAD', match.path, handler)
  for (const { match, handler } of routes) {
    if (match.methods === undefined) for (const method of http.METHODS) add(method, match.path, handler)
  }

  return function resolve(method, path) {
    const found = tree.find(method as findMyWay.HTTPMethod, path)
    if (found !== null) {
      const { handler, restAfter } = found.store as Stored<Handler>
      const params = restAfter === undefined ? found.params : { ...found.params, '*': rest(path, restAfter) }
      return { found: true, handler, params }
    }
    const allowed = [...methodsSeen].filter((other) => tree.find(other as findMyWay.HTTPMethod, path) !== null)
    if (allowed.length === 0) return { found: false, failure: failure('NO_ROUTE', 'No route matches this path') }
    const allow = allowed.sort().join(', ')
    const detail = `This path allows ${allow}; the method was ${method}`
    return { found: false, failure: failure('METHOD_NOT_ALLOWED', detail, { headers: ['allow', allow] }) }
  }
}

/** As sent: find-my-way returns it decoded. */
function rest(path: string, slashes: number): string {
  let from = -1
  for (let seen = 0; seen < slashes; seen++) from = path.indexOf('/', from + 1)
  return path.slice(from + 1)
}
