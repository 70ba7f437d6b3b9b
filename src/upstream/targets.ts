import type { Target } from '../core/attempt.ts'
import type { UpstreamOptions } from './options.ts'

/** The targets of an upstream, in the order of the configuration. */
export function targetsOf(upstream: string, { targets }: UpstreamOptions): readonly Target[] {
  const named = Array.isArray(targets)
    ? targets.map((target) => [hostAndPort(new URL(target.url)), target] as const)
    : Object.entries(targets)
  return named.map(([name, { url, weight }]) => {
    const base = new URL(url)
    const basePath = base.pathname.replace(/\/+$/, '')
    return { upstream, name, origin: base.origin, authority: base.host, basePath, weight }
  })
}

/** Includes a port that the scheme implies: `http://a` and `https://a` are two targets. */
function hostAndPort({ hostname, port, protocol }: URL): string {
  return `${hostname}:${port === '' ? (protocol === 'https:' ? 443 : 80) : port}`
}
