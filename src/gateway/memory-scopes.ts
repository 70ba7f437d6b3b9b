import { matchText } from '../config/match.ts'
import type { Config } from '../config/schema.ts'
import { gatewayScope } from './admission.ts'

/** The scopes of shared memory that a configuration needs. */
export function scopesOf(config: Config): ReadonlySet<string> {
  return new Set([
    gatewayScope,
    ...config.routes.map(({ match }) => `route ${matchText(match)}`),
    ...Object.keys(config.upstreams).map((name) => `upstream ${name}`),
  ])
}
