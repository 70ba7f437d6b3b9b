import type { Path } from '../kit/json-pointer.ts'

/** Keys of other gateways, with the keys here that do the same; the first that may stand at the place is suggested. */
const sameAs: Readonly<Record<string, readonly string[]>> = {
  backends: ['upstreams', 'targets'],
  circuitbreaker: ['breaker'],
  clusters: ['upstreams'],
  healthcheck: ['health'],
  loadbalancing: ['balance'],
  outlierdetection: ['outlier'],
  proxy: ['forward'],
  proxypass: ['forward'],
  requesttimeout: ['deadline', 'attemptTimeout'],
  servers: ['targets'],
  timeout: ['deadline', 'attemptTimeout'],
}

const tlsKeys = /^(?:ca|cert|certificate|key|mtls|ssl|tls)$/i

/** The key here that does what the other gateway's key does. */
export function keyKnownElsewhere(found: string, absent: readonly string[]): string | undefined {
  const plainName = found.toLowerCase().replaceAll(/[-_]/g, '')
  const names = Object.hasOwn(sameAs, plainName) ? sameAs[plainName] : undefined
  return names?.find((name) => absent.includes(name))
}

/** Other gateways have TLS options at these places: says what to do here instead. */
export function tlsHint(found: string, parent: Path): string {
  if (!tlsKeys.test(found)) return ''
  if (parent[0] === 'upstreams' && parent.length === 2) {
    return ' TLS to targets has no options: use https:// URLs, and NODE_EXTRA_CA_CERTS for a private CA.'
  }
  return parent.length === 1 && parent[0] === 'listen'
    ? ' TLS from clients is not supported: put a proxy in front.'
    : ''
}
