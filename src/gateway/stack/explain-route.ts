import { matchText } from '../../config/match.ts'
import { strategies, strategySettings } from '../../config/registry.ts'
import type { RouteConfig } from '../../config/route-schema.ts'
import { failed } from '../../core/outcome.ts'
import { ok, type Result } from '../../core/result.ts'
import type { Clock } from '../../kit/clock.ts'
import { seededRandom } from '../../kit/random.ts'
import { SharedMemory } from '../../kit/shared-memory.ts'
import { ShortageLog } from '../../telemetry/shortage-log.ts'
import { attemptTrace } from '../../telemetry/traces/attempt-trace.ts'
import { router } from '../../transport/server/router.ts'
import type { UpstreamOptions, UpstreamsOptions } from '../../upstream/options.ts'
import { targetsOf } from '../../upstream/targets.ts'
import { Upstream, upstreamIn } from '../../upstream/upstream.ts'
import { upstreamsOf } from '../../upstream/upstream-set.ts'
import { Admission, type AdmissionOptions } from './admission.ts'
import { attemptLayers, targetLayers } from './attempt-stack.ts'
import { linesOf, type NamedLine, type RouteLayers, routeLayers, type StackDeps } from './route-stack.ts'
import type { StackLayer } from './stack-layer.ts'

/** The options that stacks are built from. */
export interface StacksConfig extends AdmissionOptions {
  readonly routes: readonly RouteConfig[]
  readonly upstreams: UpstreamsOptions
  readonly telemetry: { readonly traces?: object | undefined }
}

interface Row {
  readonly indent: string
  readonly role: string
  readonly settings: string
  readonly why: string
}

/**
 * The stack of the route that would serve this request, one line a layer, outermost first. It is the real stack, made
 * but not put together: nothing is opened and nothing can be sent.
 */
export function explainRoute(config: StacksConfig, method: string, path: string, clock: Clock): Result<string> {
  const routes = config.routes.map((route, index) => ({ match: route.match, handler: { route, index } }))
  const found = router(routes)(method, path)
  if (!found.found) return failed(found.failure)
  const { route, index } = found.handler
  const deps = unopened(config, clock)
  const explained = routeLayers(route, deps)
  const rows = [
    ...explained.layers.map((layer) => rowOf(layer, '  ')),
    strategyRow(route),
    ...linesOf(explained.plan.attempts).flatMap((line) => lineRows(line, explained, config.upstreams)),
  ]
  const head = `${method} ${path} is served by \`${matchText(route.match)}\` (routes[${index}]):`
  return ok([head, '', ...table(rows)].join('\n'))
}

function strategyRow({ strategy }: RouteConfig): Row {
  // The first sentence says what the strategy does.
  const [why = ''] = (strategies[strategy.name].options.description ?? '').split('. ')
  return { indent: '  ', role: strategy.name, settings: strategySettings(strategy), why: sentence(why) }
}

function lineRows(
  { name, line }: NamedLine,
  { plan, attemptDeps }: RouteLayers,
  upstreams: UpstreamsOptions,
): readonly Row[] {
  const isOwn = plan.attempts.kind === 'own'
  const attempts = isOwn ? undefined : attemptLayers(line, plan, attemptDeps)
  const inner = attempts?.inner ?? targetLayers(line, plan, attemptDeps)
  const layers = attempts === undefined ? inner : [...attempts.outer, attempts.balancer, ...inner]
  const title = name === undefined ? (isOwn ? 'each delivery to each target' : 'each attempt') : `call ${name}`
  const upstream = upstreams[line.upstream]
  const targets = upstream === undefined ? [] : targetsOf(line.upstream, upstream)
  const names = targets.map((target) => target.name).join(', ')
  return [
    { indent: '  ', role: `${title}:`, settings: '', why: '' },
    ...layers.map((layer) => rowOf(layer, '    ')),
    { indent: '    ', role: 'upstream', settings: line.upstream, why: `Targets: ${names}` },
  ]
}

function rowOf({ role, settings, why }: StackLayer<unknown>, indent: string): Row {
  return { indent, role, settings: settings(), why: sentence(why) }
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1).replace(/\.$/, '')
}

/** Longer settings push the reason of their own line to the right, and not that of all. */
const maxSettingsWidth = 60

function table(rows: readonly Row[]): readonly string[] {
  const layers = rows.filter(({ settings }) => settings !== '')
  const roleWidth = Math.max(...layers.map(({ indent, role }) => indent.length + role.length))
  const widths = layers.map(({ settings }) => settings.length).filter((width) => width <= maxSettingsWidth)
  const settingsWidth = Math.max(0, ...widths)
  return rows.map(({ indent, role, settings, why }) =>
    [`${indent}${role}`.padEnd(roleWidth), settings.padEnd(settingsWidth), why].join('  ').trimEnd(),
  )
}

/** The parts of a stack, without sockets, threads or stores. */
function unopened(config: StacksConfig, clock: Clock): StackDeps {
  const memory = new SharedMemory()
  const random = seededRandom(1)
  const log = (): void => {}
  const never = (): never => {
    throw new Error('a stack that is only explained was used')
  }
  const shared = { clock, random, log, trusts: () => false, resolve: never }
  const shortages = new ShortageLog({ clock, memory, log })
  const make = (name: string, options: UpstreamOptions) =>
    new Upstream(name, options, { ...shared, shortages, memory: memory.scope(`upstream ${name}`) })
  return {
    clock,
    random,
    memory,
    upstream: upstreamIn(upstreamsOf(config.upstreams, make)),
    admission: new Admission(config, { clock, memory }),
    attemptTrace: config.telemetry.traces === undefined ? undefined : attemptTrace(never),
    deliver: never,
    callbacks: undefined,
  }
}
