import type { DeliveryService } from '../broadcast/delivery-service.ts'
import { linesOf } from '../config/lines.ts'
import { matchText } from '../config/match.ts'
import type { Config, RouteConfig } from '../config/schema.ts'
import { workerRange } from '../config/workers.ts'
import type { Clock } from '../kit/clock.ts'
import type { LogText } from '../kit/log-text.ts'
import { formatDurationMs } from '../kit/units.ts'
import type { Figures } from '../telemetry/figures/figures.ts'
import type { Metrics } from '../telemetry/metrics/metrics.ts'
import { Redaction } from '../telemetry/redact.ts'
import type { TargetHealth } from '../upstream/health/health-figures.ts'
import type { LoadFigures } from '../upstream/load-figures.ts'
import { targetsOf } from '../upstream/targets.ts'
import type { RouteView } from './api.ts'
import { type Admin, startAdmin } from './http-server.ts'
import type { Inspector } from './inspector.ts'
import { LiveStreams, liveResource } from './live-streams.ts'
import { type Resource, resourceTable } from './resource.ts'
import { backendResources, type SimulatedBackends } from './resources/backends.ts'
import { callbackResources, type TicketSource } from './resources/callbacks.ts'
import { callResources } from './resources/calls.ts'
import { configResource } from './resources/config.ts'
import { deliveryResources } from './resources/deliveries.ts'
import { healthResources } from './resources/health.ts'
import { limitsResource } from './resources/limits.ts'
import { metricsResources } from './resources/metrics.ts'
import { openapiResource } from './resources/openapi.ts'
import { overviewResource } from './resources/overview.ts'
import { type Reloaded, reloadResources } from './resources/reload.ts'
import { upstreamsResource } from './resources/upstreams.ts'
import { TokenGuesses } from './token-guesses.ts'

/** Parts that a configuration change may add or remove. */
export interface OperatedParts {
  readonly deliveryService: DeliveryService | undefined
  /** Late results; undefined until a route uses `callback`. */
  readonly callbacks: TicketSource | undefined
}

export interface OperatorApiOptions extends OperatedParts {
  readonly clock: Clock
  readonly version: string
  /** Wall clock. */
  readonly startedAtMs: number
  readonly isReady: () => boolean
  /** All worker threads. */
  readonly servers: Inspector
  /** Live figures; undefined without an admin side. */
  readonly figures: Figures | undefined
  readonly metrics: Metrics | undefined
  /** One entry for each target with health data. */
  readonly health: () => readonly TargetHealth[]
  readonly loads: Pick<LoadFigures, 'ewmaMs'>
  readonly backends: SimulatedBackends | undefined
  /** Reloads and applies the configuration; undefined if it does not come from a file. */
  readonly reload: (() => Promise<Reloaded>) | undefined
  /** Called when the admin server could not accept a connection. */
  readonly onAcceptFailed: (code: string) => void
  readonly log: LogText
  readonly reportBug: (error: unknown, about: string) => void
}

/** The admin side of a gateway. */
export interface OperatorApi extends Admin {
  /** Applies another configuration. The address and the readers of live figures are kept. */
  change(config: Config, parts: OperatedParts): void
  /** Ends the live streams so that an open dashboard does not delay the shutdown; all else is still answered. */
  drain(): void
}

/** Undefined if the configuration has no admin side. */
export async function startOperatorApi(config: Config, options: OperatorApiOptions): Promise<OperatorApi | undefined> {
  const { figures, clock, reportBug } = options
  if (config.admin === undefined || figures === undefined) return undefined
  const streams = new LiveStreams(figures, clock)
  const tableOf = (from: Config, parts: OperatedParts) =>
    resourceTable(resourcesOf(from, { ...options, ...parts, figures, streams }))
  let resources = tableOf(config, options)
  let { token } = config.admin
  const admin = await startAdmin({
    ...config.admin,
    clock,
    token: () => token,
    guesses: new TokenGuesses(options),
    resources: () => resources,
    onAcceptFailed: options.onAcceptFailed,
    reportBug: (error) => reportBug(error, 'the admin server'),
  })
  return {
    address: admin.address,
    change: (next, parts) => {
      resources = tableOf(next, parts)
      token = next.admin?.token
    },
    drain: () => streams.close(),
    close: () => {
      streams.close()
      return admin.close()
    },
  }
}

type Shown = OperatorApiOptions & { readonly figures: Figures; readonly streams: LiveStreams }

function resourcesOf(config: Config, options: Shown): readonly Resource[] {
  const { figures, deliveryService, backends, isReady, servers } = options
  // Requests are kept for weeks and may contain secrets that nobody listed, so this also guesses by name.
  const redaction = new Redaction(config.telemetry.log.redact, true)
  const routes = config.routes.map(routeView)
  const workers = workerRange(config.workers) ?? { min: 1, max: 1 }
  const features = {
    deliveries: deliveryService !== undefined,
    callbacks: options.callbacks !== undefined,
    backends: backends !== undefined,
  }
  return [
    ...healthResources(isReady),
    ...metricsResources(options.metrics),
    overviewResource({ ...options, routes, workers, features, figures }),
    liveResource(options.streams),
    ...callResources(
      servers,
      routes.map(({ name }) => name),
    ),
    limitsResource({ routes: limitedRoutes(config), servers, shedOf: (route) => figures.shed(route) }),
    upstreamsResource(upstreamSources(config), { figures, servers, health: options.health, loads: options.loads }),
    ...deliveryResources(
      deliveryService && { store: deliveryService.store, deliveries: deliveryService.deliveries, redaction },
    ),
    ...callbackResources(servers, options.callbacks, options.clock),
    configResource(config),
    ...reloadResources(options.reload),
    ...backendResources(backends),
    openapiResource(options.version),
  ]
}

function routeView(route: RouteConfig): RouteView {
  const upstreams = linesOf(route, []).map(({ upstream }) => upstream)
  return { name: matchText(route.match), strategy: route.strategy.name, upstreams: [...new Set(upstreams)] }
}

function upstreamSources({ upstreams }: Config) {
  return Object.entries(upstreams).map(([name, options]) => ({
    name,
    balance: options.balance.kind,
    targets: targetsOf(name, options),
  }))
}

/** A limit for all routes may shed calls of any route. */
function limitedRoutes({ routes, concurrency }: Config) {
  return routes
    .filter((route) => concurrency !== undefined || route.concurrency !== undefined || route.rateLimit !== undefined)
    .map(({ match, rateLimit }) => ({ name: matchText(match), rate: rateLimit && rateText(rateLimit) }))
}

function rateText({ limit, per, burst, by }: NonNullable<RouteConfig['rateLimit']>): string {
  return `${limit} in ${formatDurationMs(per)}, ${burst ?? limit} at once, by ${by}`
}
