import { callbackDeadlineMs } from '../callback/callback.ts'
import type { Path } from '../kit/json-pointer.ts'
import { formatDurationMs } from '../kit/units.ts'
import { resolveDeadline, usualDeadlineMs } from '../layers/deadline/options.ts'
import { capturesOf } from '../layers/rewrite/rewrite.ts'
import type { RouteMatch } from '../transport/server/route-handler.ts'
import { targetsOf } from '../upstream/targets.ts'
import { checkBroadcast } from './check-broadcast.ts'
import { checkCallback, checkReceivers } from './check-callbacks.ts'
import type { Finding } from './diagnostic.ts'
import { type Line, linesOf } from './lines.ts'
import { matchText } from './match.ts'
import { ownHeaders } from './own-headers.ts'
import { optionsIf } from './route-strategy.ts'
import type { Salvage } from './salvage.ts'
import type { RouteConfig } from './schema.ts'
import { valueAt } from './shape.ts'
import type { Source } from './source.ts'
import { suggest } from './suggest.ts'
import { foundText, listed, withFound } from './wording.ts'

export function checkRoutes(salvage: Salvage, source: Source): readonly Finding[] {
  const { routes } = salvage.config
  return [
    ...routes.flatMap((route, index) => checkRoute(route, ['routes', index], salvage, source)),
    ...checkDoubles(routes, salvage),
    ...checkReceivers(routes, salvage),
  ]
}

function checkRoute(route: RouteConfig, path: Path, salvage: Salvage, source: Source): readonly Finding[] {
  const intact = (...rest: Path): boolean => salvage.isIntact(salvage.originalPath([...path, ...rest]))
  const lines = linesOf(route, path)
  return [
    ...lines.flatMap((line) => checkUpstreamName(line, source)),
    ...lines.flatMap((line) => checkCaptures(line, route.match)),
    ...lines.flatMap(checkSetHeaders),
    ...(intact('deadline') ? checkDeadline(route, path) : []),
    ...(intact('hedge', 'after') ? checkHedgeDelay(route, path) : []),
    ...(intact('quorum', 'of') ? checkQuorumSize(route, path, salvage) : []),
    ...checkFailures(route, path),
    ...checkTimed(route, path),
    ...checkCallback(route, path),
    ...checkBroadcast(route, path),
    ...checkOwnPaths(route, path),
  ]
}

function checkUpstreamName({ path, upstream }: Line, { value }: Source): readonly Finding[] {
  // All names in the file, including upstreams with errors of their own.
  const upstreams = valueAt(value, ['upstreams']) ?? {}
  if (typeof upstreams !== 'object' || Object.hasOwn(upstreams, upstream)) return []
  const names = Object.keys(upstreams)
  const suggestion = suggest(upstream, names)
  const meant = suggestion === undefined ? '' : `; did you mean "${suggestion}"?`
  const found = foundText(upstream, [])
  const message = `${withFound('the name of an upstream', found)}${meant === '' ? '.' : meant} Upstreams: ${listed(names)}`
  const finding = { path: [...path, 'upstream'], message, shownAt: 'value' } as const
  return [suggestion === undefined ? finding : { ...finding, suggestion }]
}

function checkCaptures({ path, template }: Line, match: RouteMatch): readonly Finding[] {
  if (template === undefined) return []
  const captured = capturesOf(match.path)
  const missing = [...new Set(capturesOf(template))].filter((name) => !captured.includes(name))
  if (missing.length === 0) return []
  const shown = (name: string): string => (name === '*' ? '*' : `:${name}`)
  const allowed = captured.length === 0 ? 'nothing' : captured.map(shown).join(', ')
  const message = `\`${matchText(match)}\` captures ${allowed}; found ${missing.map(shown).join(', ')}`
  return [{ path: [...path, 'path'], message, shownAt: 'value' }]
}

function checkSetHeaders({ path, setHeaders }: Line): readonly Finding[] {
  return setHeaders
    .filter((name) => ownHeaders.includes(name.toLowerCase()))
    .map((name) => {
      const message = `the gateway sets this field itself; it cannot be configured. Nor can: ${listed(ownHeaders)}`
      return { path: [...path, 'headers', 'set', name], message, shownAt: 'key' }
    })
}

function checkDeadline({ deadline, strategy }: RouteConfig, path: Path): readonly Finding[] {
  const resolved = resolveDeadline(deadline, strategy.name === 'callback' ? callbackDeadlineMs : usualDeadlineMs)
  if (resolved.default >= resolved.min && resolved.default <= resolved.max) return []
  const range = `${formatDurationMs(resolved.min)} to ${formatDurationMs(resolved.max)}`
  const message = withFound(`a default within min to max (${range})`, formatDurationMs(resolved.default))
  return [{ path: [...path, 'deadline', 'default'], message, shownAt: 'value' }]
}

function checkHedgeDelay(route: RouteConfig, path: Path): readonly Finding[] {
  const hedge = optionsIf('hedge', route)
  if (hedge === undefined || typeof hedge.after === 'number' || hedge.after.min <= hedge.after.max) return []
  const { min, max } = hedge.after
  const message = withFound(`no more than \`max\` (${formatDurationMs(max)})`, formatDurationMs(min))
  return [{ path: [...path, 'hedge', 'after', 'min'], message, shownAt: 'value' }]
}

function checkQuorumSize(route: RouteConfig, path: Path, { config, isIntact }: Salvage): readonly Finding[] {
  const quorum = optionsIf('quorum', route)
  const name = quorum?.upstream ?? ''
  const upstream = Object.hasOwn(config.upstreams, name) ? config.upstreams[name] : undefined
  if (quorum === undefined || upstream === undefined || !isIntact(['upstreams', name, 'targets'])) return []
  const count = targetsOf(name, upstream).length
  if (quorum.of <= count) return []
  const message = `no more than ${count}, as each goes to a different target and "${name}" has ${count}`
  return [{ path: [...path, 'quorum', 'of'], message: withFound(message, String(quorum.of)), shownAt: 'value' }]
}

function checkFailures({ failures }: RouteConfig, path: Path): readonly Finding[] {
  return Object.entries(failures)
    .filter(([, mapping]) => mapping.status === undefined && mapping.detail === undefined)
    .map(([code]) => {
      const message = withFound('a status, a detail, or both', 'neither')
      return { path: [...path, 'failures', code], message, shownAt: 'value' }
    })
}

/** The answer may not be JSON, or its status alone decides: an accepted write must not be sent again. */
const untimed = {
  broadcast: 'as the status alone says that a target has taken a write',
  callback: 'as a `callback` route answers with whatever the backend posts',
} as const

function checkTimed({ answer, strategy: { name } }: RouteConfig, path: Path): readonly Finding[] {
  if (answer !== 'timed' || (name !== 'broadcast' && name !== 'callback')) return []
  const message = withFound(`\`pass\`, ${untimed[name]}`, '`timed`')
  return [{ path: [...path, 'answer'], message, shownAt: 'value' }]
}

const ownPaths = '/_hedgerow/'

function checkOwnPaths({ match }: RouteConfig, path: Path): readonly Finding[] {
  if (!match.path.startsWith(ownPaths)) return []
  const message = withFound(`a path that does not begin with ${ownPaths}, which is the gateway's own`, match.path)
  return [{ path: [...path, 'match'], message, shownAt: 'value' }]
}

/**
 * A route that names its methods takes precedence over one that takes all, so only routes of the same kind can
 * conflict.
 */
function checkDoubles(routes: readonly RouteConfig[], { originalPath }: Salvage): readonly Finding[] {
  const first = new Map<string, number>()
  return routes.flatMap(({ match }, index) => {
    const pattern = match.path.replaceAll(/:\w+/g, ':')
    const keys = (match.methods ?? ['all methods']).map((method) => ({ method, key: `${method} ${pattern}` }))
    const taken = keys.find(({ key }) => first.has(key))
    for (const { key } of keys) if (!first.has(key)) first.set(key, index)
    if (taken === undefined) return []
    const earlier = first.get(taken.key) as number
    const [, number] = originalPath(['routes', earlier])
    const what = match.methods === undefined ? '' : ` (${taken.method})`
    const text = matchText((routes[earlier] as RouteConfig).match)
    const message = `no request reaches this route${what}: routes[${number}] has the same method and pattern, \`${text}\``
    return [{ path: ['routes', index, 'match'], message, shownAt: 'value' }] satisfies readonly Finding[]
  })
}
