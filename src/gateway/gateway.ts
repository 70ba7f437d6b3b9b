import { randomBytes, randomUUID } from 'node:crypto'
import { matchText } from '../config/match.ts'
import type { Config, RouteConfig } from '../config/schema.ts'
import type { Clock } from '../kit/clock.ts'
import { EventBus } from '../kit/event-bus.ts'
import type { Random } from '../kit/random.ts'
import { type Listener, listen } from '../transport/server/listener.ts'
import { TrustedProxies } from '../transport/server/proxies.ts'
import type { RouteHandler } from '../transport/server/route-handler.ts'
import { type Admin, type AdminOptions, startAdmin } from './admin/admin.ts'
import { indexPage } from './index-page.ts'
import { router } from './router.ts'
import { routeStack } from './stack.ts'
import { Upstream } from './upstreams.ts'

export interface GatewayDeps {
  readonly clock: Clock
  readonly random: Random
  readonly logFault: (fault: unknown, requestId: string) => void
}

export interface Gateway {
  readonly front: Listener
  readonly admin: Admin | undefined
  readonly events: EventBus
  /** Open sockets to targets, and of these unused. */
  targetConnections(): { readonly open: number; readonly idle: number }
  /** Ends well: no new connections, calls in flight finish within the configured time, then all is closed. */
  drain(): Promise<void>
  /** Ends at once. */
  close(): Promise<void>
}

/** The composition root: makes every part from the configuration, joins them, and opens the listeners. */
export async function startGateway(config: Config, deps: GatewayDeps): Promise<Gateway> {
  const events = new EventBus()
  const upstreams = new Map(
    Object.entries(config.upstreams).map(([name, options]) => [name, new Upstream(name, options, deps.clock)]),
  )
  const upstream = (name: string): Upstream => {
    const found = upstreams.get(name)
    if (found === undefined) throw new Error(`the upstream ${name} got past the configuration's check`)
    return found
  }
  const routes = config.routes.map((route) => {
    const stack = routeStack(route, {
      ...deps,
      upstream,
      newId: unguessableId,
      deliveries: undefined,
      store: undefined,
    })
    return { config: route, strategy: stack.strategy, match: route.match, handler: handlerOf(route, stack) }
  })
  const resolve = router(config.index ? [...routes, indexPage(routes)] : routes)

  const front = await listen({
    listen: listenOptions(config),
    resolve,
    proxies: new TrustedProxies(config.trust),
    clock: deps.clock,
    events,
    newId: randomUUID,
    logFault: (fault, call) => deps.logFault(fault, call.id),
  })
  let draining = false
  const destroyTargets = (): void => {
    for (const { client } of upstreams.values()) client.destroy()
  }
  const admin = await startAdminOrClose(
    config,
    { isReady: () => !draining, deliveries: undefined, logFault: (fault) => deps.logFault(fault, 'admin') },
    front,
  )

  const close = async (): Promise<void> => {
    await front.close()
    await admin?.close()
    destroyTargets()
  }
  return {
    front,
    admin,
    events,
    targetConnections: () => {
      const counts = [...upstreams.values()].map(({ client }) => client.connections())
      return {
        open: counts.reduce((sum, { open }) => sum + open, 0),
        idle: counts.reduce((sum, { idle }) => sum + idle, 0),
      }
    },
    drain: async () => {
      draining = true
      const { promise: timeIsUp, resolve: stopWaiting } = Promise.withResolvers<void>()
      const timer = deps.clock.after(config.drain, stopWaiting)
      await Promise.race([front.drain(), timeIsUp])
      timer.cancel()
      await close()
    },
    close,
  }
}

/** 128 bits: who does not know it cannot find it. */
function unguessableId(): string {
  return randomBytes(16).toString('base64url')
}

function handlerOf(route: RouteConfig, stack: ReturnType<typeof routeStack>): RouteHandler {
  return {
    facts: { name: matchText(route.match), strategy: stack.strategy, idleTimeoutMs: route.idleTimeout },
    service: stack.service,
    failures: { mappings: route.failures, listAttempts: route.expose === 'attempts' },
    explain: route.explain,
    upgrades: stack.upgrades,
  }
}

function listenOptions({ listen: options }: Config) {
  return {
    host: options.host,
    port: options.port,
    maxConnections: options.maxConnections,
    maxHeaderBytes: options.headerSize,
    maxHeaderCount: options.headerCount,
    headerTimeoutMs: options.headerTimeout,
    requestTimeoutMs: options.requestTimeout,
    keepAliveMs: options.keepAlive,
  }
}

/** A gateway that cannot open its admin side opens nothing. */
async function startAdminOrClose(
  config: Config,
  options: Pick<AdminOptions, 'isReady' | 'deliveries' | 'logFault'>,
  front: Listener,
): Promise<Admin | undefined> {
  if (config.admin === undefined) return undefined
  try {
    return await startAdmin({ ...config.admin, ...options })
  } catch (fault) {
    await front.close()
    throw fault
  }
}
