import type { RouteMatch } from '../../transport/server/route-handler.ts'
import type { UpstreamsOptions } from '../../upstream/options.ts'
import { matchText } from '../match.ts'

/** The scope for limits that apply to all routes combined. */
export const gatewayScope = 'gateway'

/** The scope for the limits and budgets of a route. */
export function routeScope(match: RouteMatch): string {
  return `route ${matchText(match)}`
}

export interface ScopedConfig {
  readonly routes: readonly { readonly match: RouteMatch }[]
  readonly upstreams: UpstreamsOptions
}

/** The scopes of shared memory that a configuration needs. */
export function scopesOf({ routes, upstreams }: ScopedConfig): ReadonlySet<string> {
  return new Set([
    gatewayScope,
    ...routes.map(({ match }) => routeScope(match)),
    ...Object.keys(upstreams).map((name) => `upstream ${name}`),
  ])
}
