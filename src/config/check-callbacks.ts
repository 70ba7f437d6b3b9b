import { isLoopback } from '../kit/address-schema.ts'
import type { Path } from '../kit/json-pointer.ts'
import type { Finding } from './diagnostic.ts'
import { matchText } from './match.ts'
import { ownHeaders } from './own-headers.ts'
import { optionsIf } from './route-strategy.ts'
import type { Salvage } from './salvage.ts'
import type { Config, RouteConfig } from './schema.ts'
import { listed, withFound } from './wording.ts'

/** Checks options of callback routes that exclude each other, and options that all callback routes share. */
export function checkCallbacks({ config, isIntact }: Salvage): readonly Finding[] {
  return isIntact(['callbacks']) && isIntact(['listen']) ? [...checkUrl(config), ...checkKeys(config)] : []
}

function checkUrl({ callbacks, listen, routes }: Config): readonly Finding[] {
  if (callbacks.url !== undefined || isLoopback(listen.host)) return []
  if (routes.every(({ strategy }) => strategy.name !== 'callback')) return []
  const message = `the URL by which backends reach the gateway, as \`listen.host\` is ${listen.host}; found none`
  return [{ path: ['callbacks', 'url'], message, shownAt: 'value' }]
}

function checkKeys({ callbacks }: Config): readonly Finding[] {
  if (callbacks.key !== undefined || callbacks.previousKeys.length === 0) return []
  const message = 'previous keys need `key`; those of `keyFile` are kept in that file'
  return [{ path: ['callbacks', 'previousKeys'], message, shownAt: 'key' }]
}

export function checkCallback(route: RouteConfig, path: Path): readonly Finding[] {
  const { match } = route
  const callback = optionsIf('callback', route)
  if (callback === undefined) return []
  const { url, id } = callback.send
  const at = (key: string, message: string): Finding => ({
    path: [...path, 'callback', 'send', key],
    message,
    shownAt: 'value',
  })
  const findings: Finding[] = []
  for (const [key, placement] of [
    ['url', url],
    ['id', id],
  ] as const) {
    const bodiless = match.methods?.filter((method) => method === 'GET' || method === 'HEAD') ?? []
    if (placement?.startsWith('json:') === true && bodiless.length > 0) {
      findings.push(
        at(key, withFound(`a header field or query parameter, as ${listed(bodiless)} has no body`, placement)),
      )
    }
    const field =
      placement?.startsWith('header:') === true ? placement.slice('header:'.length).toLowerCase() : undefined
    if (field === undefined || placement === undefined) continue
    const kept = [...ownHeaders, 'host']
    if (kept.includes(field))
      findings.push(at(key, withFound(`a field that is not the gateway's own (${listed(kept)})`, placement)))
    const changed = [...Object.keys(callback.headers?.set ?? {}), ...(callback.headers?.remove ?? [])]
    if (changed.some((name) => name.toLowerCase() === field)) {
      findings.push(at(key, withFound('a field that `headers` neither sets nor removes', placement)))
    }
  }
  if (url === undefined || id === undefined) return findings
  const isWithin = `${id}/`.startsWith(`${url}/`) || `${url}/`.startsWith(`${id}/`)
  if (isWithin) findings.push(at('id', withFound(`a place apart from that of \`url\` (${url})`, id)))
  return findings
}

const ownPaths = '/_hedgerow/'
const usualPath = '/_hedgerow/callbacks'

/**
 * Characters that a URL carries unescaped (RFC 3986, 3.3). Backends get the path as it is, and may escape all others.
 */
const plainPath = /^[\w\-.~!$&'()+,;=@/]+$/

function oddPath(path: string): string | undefined {
  if (/[:*]/.test(path)) return 'a fixed path, without captures'
  // Clients that post to the path resolve these segments, so that the callback would arrive at another path.
  if (/\/\.\.?(?:\/|$)/.test(path)) return 'a path without `.` or `..` between slashes'
  if (!plainPath.test(path)) return 'a path of letters, digits and characters that need no percent-encoding'
  if (path === usualPath || !path.startsWith(ownPaths)) return undefined
  return `${usualPath}, or a path that does not begin with ${ownPaths}`
}

/** No route can use the path of callbacks, and routes that share the path must read callbacks alike. */
export function checkReceivers(
  routes: readonly RouteConfig[],
  { originalPath, isIntact }: Salvage,
): readonly Finding[] {
  const first = new Map<string, number>()
  return routes.flatMap((route, index): readonly Finding[] => {
    const callback = optionsIf('callback', route)
    const pathKey: Path = ['routes', index, 'callback', 'receive', 'path']
    if (callback === undefined || !isIntact(originalPath(pathKey))) return []
    const { path, id, status } = callback.receive
    const odd = oddPath(path)
    if (odd !== undefined) return [{ path: pathKey, message: withFound(odd, path), shownAt: 'value' }]
    const taken = routes.findIndex(
      ({ match }) => match.path === path && (match.methods === undefined || match.methods.includes('POST')),
    )
    if (taken >= 0) {
      const text = matchText((routes[taken] as RouteConfig).match)
      const message = withFound(`a path at which no route accepts POST; \`${text}\` does`, path)
      return [{ path: pathKey, message, shownAt: 'value' }]
    }
    const earlier = first.get(path)
    first.set(path, earlier ?? index)
    const other = optionsIf('callback', routes[earlier ?? index] ?? route)?.receive
    if (other === undefined || (other.id === id && JSON.stringify(other.status) === JSON.stringify(status))) return []
    const [, number] = originalPath(['routes', earlier ?? index])
    const message = withFound(
      `a path of its own, as routes[${number}] shares it and reads callbacks in another way`,
      path,
    )
    return [{ path: pathKey, message, shownAt: 'value' }]
  })
}
