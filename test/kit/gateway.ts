import assert from 'node:assert/strict'
import { createServer as createHttpServer, type IncomingMessage, type RequestListener } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TestContext } from 'node:test'
import type { ProfileInput } from '@hedgerow/backend/profile'
import type { Backend } from '@hedgerow/backend/server'
import { type ConfigInput, configSchema } from '../../src/config/schema.ts'
import { type Gateway, startGateway } from '../../src/gateway/gateway.ts'
import type { GatewayDeps } from '../../src/gateway/gateway-deps.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { seededRandom } from '../../src/kit/random.ts'
import { type BackendSetup, startBackend } from './backend.ts'
import { until } from './until.ts'
import { Wire } from './wire.ts'

/** A gateway on a free local port, with the internal errors that it logged. */
export interface OpenGateway {
  readonly gateway: Gateway
  readonly port: number
  /** `http://127.0.0.1:port`. */
  readonly url: string
  /** Internal errors; any left at the end fail the test. */
  readonly faults: unknown[]
}

/** A server of the test that acts as a target. */
export interface OpenTarget {
  readonly port: number
  readonly url: string
  /** Connections that are open now. */
  connections(): number
  /** All connections so far. */
  connectionsTotal(): number
  onUpgrade(serve: (message: IncomingMessage, socket: Duplex, head: Buffer) => void): void
  /** Closes the port and every connection. */
  close(): Promise<void>
}

/**
 * Everything that a test opens, so that it is closed in the right order and checked afterwards: a test may leave no
 * call, socket, timer or listener behind.
 */
export class Scene {
  readonly #before = activeResources()
  readonly #gateways: OpenGateway[] = []
  readonly #backends: Backend[] = []
  readonly #targets: OpenTarget[] = []
  readonly #wires: Wire[] = []

  async gateway(config: ConfigInput, deps: Partial<GatewayDeps> = {}): Promise<OpenGateway> {
    const faults: unknown[] = []
    const gateway = await startGateway(configSchema.parse({ ...config, listen: { ...config.listen, port: 0 } }), {
      clock: systemClock(),
      random: seededRandom(1),
      reportBug: (error) => faults.push(error),
      ...deps,
    })
    const { port } = gateway.address
    const opened = { gateway, port, url: `http://127.0.0.1:${port}`, faults }
    this.#gateways.push(opened)
    return opened
  }

  /** A simulated backend. */
  async backend(profile: ProfileInput, options: Partial<BackendSetup> = {}): Promise<Backend> {
    const backend = await startBackend({ profile, port: 0, seed: 1, ...options })
    this.#backends.push(backend)
    return backend
  }

  /** A target on Node's HTTP server. */
  target(onRequest: RequestListener): Promise<OpenTarget> {
    const server = createHttpServer(onRequest)
    // The gateway may reset a connection while the target is sending; that is no error of the test.
    server.on('clientError', (_error, socket) => socket.destroy())
    return this.#open(server)
  }

  /** A target that sends scripted bytes. `number` counts its connections from 1. */
  wireTarget(serve: (wire: Wire, number: number) => void | Promise<void>): Promise<OpenTarget> {
    let number = 0
    return this.#open(
      createServer((socket) => {
        const served = serve(new Wire(socket), ++number)
        // Stop waiting for bytes: none arrive after a reset.
        served?.catch(() => socket.destroy())
      }),
    )
  }

  /** A client that sends scripted bytes. */
  async wire({ port }: { readonly port: number }): Promise<Wire> {
    const wire = await Wire.open(port)
    this.#wires.push(wire)
    return wire
  }

  async close(): Promise<void> {
    for (const wire of this.#wires) wire.destroy()
    const faults: unknown[] = []
    // Report leftovers, but close everything, so that one test's leak does not fail the next test.
    const attempt = async (check: () => Promise<void>): Promise<void> => {
      await check().catch((error: unknown) => faults.push(error))
    }
    for (const { gateway } of this.#gateways) await attempt(() => holdsNoClient(gateway))
    for (const { gateway } of this.#gateways) await gateway.close()
    for (const { gateway } of this.#gateways) await attempt(() => holdsNoTarget(gateway))
    for (const backend of this.#backends) await attempt(() => isLeft(() => backend.stats().connections))
    for (const target of this.#targets) await attempt(() => isLeft(() => target.connections()))
    await Promise.all([...this.#backends, ...this.#targets].map((one) => one.close()))
    await attempt(() => this.#leavesNothing())
    for (const { faults: logged } of this.#gateways) faults.push(...logged)
    if (faults.length > 0) throw new AggregateError(faults, faults.map(String).join('\n'))
  }

  async #open(server: Server): Promise<OpenTarget> {
    const sockets = new Set<Socket>()
    let total = 0
    server.on('connection', (socket: Socket) => {
      total++
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => sockets.delete(socket))
    })
    await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, resolve))
    const { port } = server.address() as AddressInfo
    const target = {
      port,
      url: `http://127.0.0.1:${port}`,
      connections: () => sockets.size,
      connectionsTotal: () => total,
      onUpgrade: (serve: Parameters<OpenTarget['onUpgrade']>[0]) => void server.on('upgrade', serve),
      close: () =>
        new Promise<void>((resolve) => {
          for (const socket of sockets) socket.destroy()
          if (server.listening) server.close(() => resolve())
          else resolve()
        }),
    }
    this.#targets.push(target)
    return target
  }

  async #leavesNothing(): Promise<void> {
    await until(
      () => `nothing is left open; before ${this.#before.join()}; after ${activeResources().join()}`,
      () => activeResources().length <= this.#before.length,
    )
  }
}

/** The parts of a test; closes and checks them when the test ends. */
export function openScene(t: TestContext): Scene {
  const scene = new Scene()
  t.after(() => scene.close())
  return scene
}

/** Defaults of a configuration with one upstream. */
export function upstreamOf(...targets: readonly { readonly url: string }[]): NonNullable<ConfigInput['upstreams']> {
  return { work: { targets: Object.fromEntries(targets.map(({ url }, place) => [`target-${place + 1}`, url])) } }
}

/** A port without a listener. */
export async function deadPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Sockets to targets. */
export async function openTargets({ view }: Gateway): Promise<{ readonly open: number; readonly idle: number }> {
  const counts = Object.values(await view.targetConnections())
  return {
    open: counts.reduce((sum, { open }) => sum + open, 0),
    idle: counts.reduce((sum, { idle }) => sum + idle, 0),
  }
}

/** Client connections. */
export async function openClients({ view }: Gateway): Promise<number> {
  return (await view.connections()).active
}

export async function holdsNoClient(gateway: Gateway): Promise<void> {
  let left = ''
  await until(
    () => `no call and no client connection is left: ${left}`,
    async () => {
      const [calls, connections] = [await gateway.view.inFlight(), await openClients(gateway)]
      left = `${calls} calls, ${connections} connections`
      return calls === 0 && connections === 0
    },
  )
}

async function holdsNoTarget(gateway: Gateway): Promise<void> {
  let left = ''
  await until(
    () => `no connection to a target is left: ${left}`,
    async () => {
      const connections = await openTargets(gateway)
      left = JSON.stringify(connections)
      return connections.open === 0
    },
  )
}

async function isLeft(count: () => number): Promise<void> {
  await until(
    () => `the closed gateway leaves no connection at a target: ${count()}`,
    () => count() === 0,
  )
}

/** Sockets, servers, lookups and timers that keep the process alive. */
export function activeResources(): readonly string[] {
  return process.getActiveResourcesInfo().filter((name) => /TCP|Timeout|Connect|GetAddrInfo/.test(name))
}

/** For tests that end before the scene's own check: every socket to a target is idle or closed. */
export async function isQuiet(gateway: Gateway): Promise<void> {
  let left = ''
  await until(
    () => `quiet: ${left}`,
    async () => {
      const [calls, { open, idle }] = [await gateway.view.inFlight(), await openTargets(gateway)]
      left = `${calls} calls, ${open} sockets to targets, ${idle} of them unused`
      return calls === 0 && open === idle
    },
  )
}

export function assertBetween(value: number, least: number, most: number, what: string): void {
  assert.ok(value >= least && value <= most, `${what}: ${value.toFixed(1)}; expected ${least} to ${most}`)
}
