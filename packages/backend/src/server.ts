import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Answer } from './answer.ts'
import { CallbackPoster } from './callback-poster.ts'
import type { Clock, Timer } from './clock.ts'
import { type Controlled, type ControlState, controlPath, serveControl } from './control.ts'
import { Endpoint, type Plan } from './endpoint.ts'
import { Exchange, type ExchangeContext, type ReceivedRequest } from './exchange.ts'
import { Listener } from './listener.ts'
import { answerLoad, loadPath, RecentLatencies } from './load-report.ts'
import { type Profile, type ProfileInput, parseProfile } from './profile.ts'
import { type ProfilePatch, patchProfile } from './profile-patch.ts'
import type { Random } from './random.ts'
import { hasBody, noBody } from './request-body.ts'
import { Routes } from './routes.ts'
import { SkipCounter } from './skip.ts'
import { type BackendStats, RequestCounter } from './stats.ts'
import { timestampsFrom } from './timestamp.ts'

/**
 * Simulated backends: HTTP servers that are slow or faulty in known proportions, to test the systems in front of them.
 *
 * A demo starts some, and worsens one by `PATCH /_backend` while people watch. A test starts one on a free port,
 * configures its faults, and reads in `stats()` what its client really did: how many requests arrived, how many were
 * aborted. A benchmark puts `work-fixed` behind a gateway; it costs little more than `node:http` itself.
 * With a seeded `random`, the same requests in the same order get the same treatment.
 *
 *     const backend = await startBackend({ profile: readyProfiles.work(), port: 0, clock, random })
 *     await backend.patch({ endpoints: { 'GET /api/work': { faults: { hangAfterAccept: 1 } } } })
 *     assert.equal(backend.stats().aborted, 1)
 *     await backend.close()
 */
export interface BackendOptions {
  readonly profile: ProfileInput
  /** The backend's name in answers; default: `backend`. */
  readonly name?: string
  /** Default: 127.0.0.1. */
  readonly host?: string
  /** 0: any free port. */
  readonly port: number
  readonly clock: Clock
  readonly random: Random
  /** Called for each request to the endpoints once it is whole, before anything is answered. */
  readonly onRequest?: (request: ReceivedRequest) => void
  /** Larger request bodies get 413; default: 1 MiB. */
  readonly maxBodyBytes?: number
  /** A port where `/_backend` can still be reached while the backend refuses. */
  readonly control?: { readonly port: number }
}

export interface Address {
  readonly port: number
  /** `http://host:port`. */
  readonly url: string
}

export interface Backend extends Address {
  readonly name: string
  readonly control: Address | undefined
  profile(): Profile
  stats(): BackendStats
  /** Resolves when the patch is in force; rejects with a `ProfileError`. Requests in flight keep the old profile. */
  patch(patch: ProfilePatch): Promise<Profile>
  /** Ends everything: listeners, connections, timers, pending callbacks. */
  close(): Promise<void>
}

export async function startBackend(options: BackendOptions): Promise<Backend> {
  const backend = new RunningBackend(options)
  try {
    await backend.start()
  } catch (error) {
    await backend.close()
    throw error
  }
  return backend
}

class RunningBackend implements Backend, Controlled {
  readonly name: string
  readonly #host: string
  readonly #clock: Clock
  readonly #random: Random
  readonly #listener: Listener
  readonly #controlListener: Listener | undefined
  readonly #context: ExchangeContext
  readonly #counter = new RequestCounter()
  readonly #callbacks: CallbackPoster
  readonly #latencies: RecentLatencies
  #profile: Profile
  #routes: Routes
  #skip: SkipCounter
  #endOfRefusal: Timer | undefined
  #isClosed = false

  constructor(options: BackendOptions) {
    const { name = 'backend', host = '127.0.0.1', port, clock, random } = options
    this.name = name
    this.#host = host
    this.#clock = clock
    this.#random = random
    this.#profile = parseProfile(options.profile)
    this.#routes = new Routes(this.#profile, name)
    this.#skip = new SkipCounter(this.#profile.skip)
    this.#callbacks = new CallbackPoster(clock)
    this.#latencies = new RecentLatencies(clock)
    this.#listener = new Listener({
      host,
      port,
      clock,
      onRequest: (incoming, response) => this.#serve(incoming, response),
    })
    if (options.control !== undefined) {
      const onRequest = (incoming: IncomingMessage, response: ServerResponse): void =>
        serveControl(this, incoming, response)
      this.#controlListener = new Listener({ host, port: options.control.port, clock, onRequest })
    }
    this.#context = {
      name,
      clock,
      counter: this.#counter,
      latencies: this.#latencies,
      connections: this.#listener.connections,
      callbacks: this.#callbacks,
      maxBodyBytes: options.maxBodyBytes ?? 1024 * 1024,
      onRequest: options.onRequest,
      timestamp: timestampsFrom(clock),
    }
  }

  get port(): number {
    return this.#listener.port
  }

  get url(): string {
    return urlOf(this.#host, this.port)
  }

  get control(): Address | undefined {
    const port = this.#controlListener?.port
    return port === undefined ? undefined : { port, url: urlOf(this.#host, port) }
  }

  profile(): Profile {
    return this.#profile
  }

  stats(): BackendStats {
    const { size, total } = this.#listener.connections
    return {
      ...this.#counter.snapshot(),
      connections: size,
      connectionsTotal: total,
      callbacks: this.#callbacks.stats(),
    }
  }

  state(): ControlState {
    return { name: this.name, url: this.url, profile: this.#profile, stats: this.stats() }
  }

  /** A backend that starts by refusing listens briefly as well, to get its port. */
  async start(): Promise<void> {
    await this.#listener.start()
    await this.#controlListener?.start()
    if (this.#profile.refuse !== false) await this.#applyRefuse(undefined)
  }

  async patch(patch: ProfilePatch, except?: Socket): Promise<Profile> {
    if (this.#isClosed) throw new Error(`Backend ${this.name} is closed`)
    const next = patchProfile(this.#profile, patch)
    this.#profile = next
    if (patch.endpoints !== undefined) this.#routes = new Routes(next, this.name)
    if (patch.skip !== undefined) this.#skip = new SkipCounter(next.skip)
    if (patch.refuse !== undefined) await this.#applyRefuse(except)
    return next
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#endOfRefusal?.cancel()
    this.#callbacks.close()
    await Promise.all([this.#listener.close(), this.#controlListener?.close()])
  }

  async #applyRefuse(except: Socket | undefined): Promise<void> {
    const { refuse } = this.#profile
    this.#endOfRefusal?.cancel()
    if (refuse === false) return this.#listener.open()
    this.#listener.shut(except)
    if (refuse === true) return
    this.#endOfRefusal = this.#clock.after(refuse.forMs, () => {
      this.#profile = { ...this.#profile, refuse: false }
      void this.#listener.open()
    })
  }

  #serve(incoming: IncomingMessage, response: ServerResponse): void {
    const url = incoming.url ?? '/'
    const mark = url.indexOf('?')
    const path = mark === -1 ? url : url.slice(0, mark)
    if (path === controlPath) return serveControl(this, incoming, response)
    if (path === loadPath) return answerLoad(response, this.#counter.inFlight, this.#latencies.medianMs())
    const number = this.#counter.started()
    const method = incoming.method ?? 'GET'
    const query = mark === -1 ? '' : url.slice(mark + 1)
    const head = { method, path, query, headers: incoming.rawHeaders }
    const found = this.#routes.find(method, path)
    const endpoint = found instanceof Endpoint ? found : undefined
    const skippedWith = endpoint === undefined ? undefined : this.#skip.next(method)
    const atOnce = found instanceof Endpoint ? found.constantAnswer : found
    if (atOnce !== undefined && skippedWith === undefined && !hasBody(incoming)) {
      this.#context.onRequest?.({ ...head, body: noBody })
      return this.#answerAtOnce(response, atOnce)
    }
    const plan = found instanceof Endpoint ? found.plan(this.#random, skippedWith) : planOf(found)
    const exchange = { head, number, incoming, response, plan, callback: endpoint?.callback }
    new Exchange(this.#context, exchange).start()
  }

  /** The path for benchmarks: no timer, no listener, no allocation beyond those of `node:http`. */
  #answerAtOnce(response: ServerResponse, answer: Answer): void {
    response.writeHead(answer.status, answer.headers as string[])
    response.end(answer.body.constant)
    this.#counter.ended('answered', answer.status)
  }
}

function planOf(answer: Answer): Plan {
  return { latencyMs: 0, fate: 'answered', answer, slow: undefined, uuid: '' }
}

function urlOf(host: string, port: number): string {
  if (host === '0.0.0.0' || host === '::') return `http://127.0.0.1:${port}`
  return host.includes(':') ? `http://[${host}]:${port}` : `http://${host}:${port}`
}
