import { ticketLimits } from '../../callback/shared-options.ts'
import type { StoresConfig } from '../../store/open-stores.ts'
import { registry } from '../registry.ts'
import { optionsIf } from '../route-strategy.ts'
import type { Config } from '../schema.ts'

/** The part of a configuration that concerns stores. */
export function storesConfig({ routes, store, callbacks }: Config): StoresConfig {
  return {
    kind: registry.stores.sqlite,
    store,
    ticketLimits: ticketLimits(callbacks),
    isNeeded: routes.some((route) => {
      return route.strategy.name === 'broadcast' || optionsIf('callback', route)?.durable === true
    }),
  }
}
