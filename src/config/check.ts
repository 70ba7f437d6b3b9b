import { isIP } from 'node:net'
import { targetsOf } from '../upstream/targets.ts'
import { checkCallbacks } from './check-callbacks.ts'
import { checkEffects } from './check-effects.ts'
import { checkMetrics } from './check-metrics.ts'
import { checkRoutes } from './check-routes.ts'
import type { Finding } from './diagnostic.ts'
import { optionsIf } from './route-strategy.ts'
import { type Salvage, salvage } from './salvage.ts'
import { type Config, network } from './schema.ts'
import { isUnread, type Source } from './source.ts'
import { foundText, withFound } from './wording.ts'

/**
 * Checks that the schema cannot express, because they involve several parts of the configuration. A configuration with
 * other errors is checked too, without the parts that have them, so that all errors are reported at once.
 */
export function checkConfig(source: Source, config: Config | undefined): readonly Finding[] {
  const checked = config === undefined ? salvage(source.value, unreadPaths(source)) : whole(config)
  if (checked === undefined) return []
  return [
    ...checkAddresses(checked),
    ...checkTrust(checked),
    ...checkUpstreams(checked),
    ...checkRoutes(checked, source),
    ...checkEffects(checked, source),
    ...checkStoreLimit(checked),
    ...checkCallbacks(checked),
    ...checkMetrics(checked),
  ]
    .map((finding) => inFile(finding, checked))
    .filter(({ path }) => !isUnread(source, path))
}

function inFile(finding: Finding, { originalPath }: Salvage): Finding {
  return { ...finding, path: originalPath(finding.path) }
}

function unreadPaths({ findings }: Source): readonly Finding['path'][] {
  return findings.map(({ path }) => path)
}

function whole(config: Config): Salvage {
  return { config, originalPath: (path) => path, isIntact: () => true }
}

function checkAddresses({ config: { listen, admin }, isIntact }: Salvage): readonly Finding[] {
  if (admin === undefined || admin.port === 0 || admin.port !== listen.port) return []
  if (!isIntact(['listen']) || !isIntact(['admin']) || !overlap(listen.host, admin.host)) return []
  const message = `expected a port other than that of \`listen\`, or another host; found ${admin.port} for both`
  return [{ path: ['admin', 'port'], message, shownAt: 'value' }]
}

function overlap(a: string, b: string): boolean {
  const plain = (host: string): string => (host === 'localhost' ? '127.0.0.1' : host.toLowerCase())
  const isAny = (host: string): boolean => host === '0.0.0.0' || host === '::'
  return plain(a) === plain(b) || isAny(a) || isAny(b)
}

function checkTrust({ config }: Salvage): readonly Finding[] {
  return config.trust.flatMap((entry, index) => {
    if (isNetwork(entry)) return []
    const path = ['trust', index]
    const message = withFound(network, foundText(entry, path))
    return [{ path, message, shownAt: 'value' } as const]
  })
}

function isNetwork(text: string): boolean {
  const [, address = '', prefix] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const version = isIP(address)
  // A zone names an interface of one machine; BlockList accepts none.
  if (version === 0 || address.includes('%')) return false
  return prefix === undefined || Number(prefix) <= (version === 4 ? 32 : 128)
}

function checkUpstreams({ config }: Salvage): readonly Finding[] {
  return Object.entries(config.upstreams).flatMap(([name, upstream]) => {
    if (!Array.isArray(upstream.targets)) return []
    const seen = new Set<string>()
    return targetsOf(name, upstream).flatMap((target, index): readonly Finding[] => {
      if (!seen.has(target.name)) {
        seen.add(target.name)
        return []
      }
      const path = ['upstreams', name, 'targets', index]
      const message = `expected targets with different names; found "${target.name}" again: give names to these targets, or one target a greater \`weight\``
      return [{ path, message, shownAt: 'value' }]
    })
  })
}

function checkStoreLimit({ config, isIntact }: Salvage): readonly Finding[] {
  if (!isIntact(['store'])) return []
  const largest = Math.max(0, ...config.routes.map((route) => optionsIf('broadcast', route)?.bodyLimit ?? 0))
  if (config.store.maxUndelivered >= largest) return []
  const message = withFound(
    `at least ${largest}B, the largest \`bodyLimit\` of a \`broadcast\` route, which could never be stored otherwise`,
    `${config.store.maxUndelivered}B`,
  )
  return [{ path: ['store', 'maxUndelivered'], message, shownAt: 'value' }]
}
