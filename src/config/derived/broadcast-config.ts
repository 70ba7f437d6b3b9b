import type { BroadcastConfig } from '../../broadcast/broadcasts.ts'
import { matchText } from '../match.ts'
import { optionsIf } from '../route-strategy.ts'
import type { Config } from '../schema.ts'

/** The part of a configuration that concerns broadcasts. */
export function broadcastConfig({ routes, upstreams, store }: Config): BroadcastConfig {
  const names = broadcastUpstreams({ routes })
  return {
    routes: routes.flatMap((route) => {
      const options = optionsIf('broadcast', route)
      return options === undefined ? [] : [{ name: matchText(route.match), options }]
    }),
    upstreams: Object.fromEntries(Object.entries(upstreams).filter(([name]) => names.has(name))),
    retentionMs: store.retention,
    exposed: new Set(routes.filter(({ expose }) => expose === 'attempts').map(({ match }) => matchText(match))),
  }
}

/** The upstreams that a route broadcasts to. */
export function broadcastUpstreams({ routes }: Pick<Config, 'routes'>): ReadonlySet<string> {
  return new Set(routes.flatMap((route) => optionsIf('broadcast', route)?.upstream ?? []))
}
