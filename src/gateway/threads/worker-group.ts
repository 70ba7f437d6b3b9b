import type { AddressInfo } from 'node:net'
import type { Inspector } from '../../admin/inspector.ts'
import type { SharedCallbacks } from '../../callback/shared-state.ts'
import type { Keys } from '../../callback/token.ts'
import type { Config } from '../../config/schema.ts'
import { workerRange } from '../../config/workers.ts'
import { failure } from '../../core/failure.ts'
import type { Clock } from '../../kit/clock.ts'
import { countOf } from '../../kit/count-of.ts'
import type { EventBus } from '../../kit/event-bus.ts'
import type { LogText } from '../../kit/log-text.ts'
import type { SharedMemory } from '../../kit/shared-memory.ts'
import { StartupError } from '../../kit/startup-error.ts'
import { within } from '../../kit/within.ts'
import type { Writer } from '../../telemetry/counts/blocks.ts'
import type { Counts } from '../../telemetry/counts/counts.ts'
import type { WorkerCounts } from '../../telemetry/metrics/sources.ts'
import { checkFree } from '../acceptor.ts'
import type { MainThread } from '../main-thread.ts'
import type { ServerConfig } from '../server.ts'
import type { ServerGroup, ServersChange } from '../server-group.ts'
import { HandOut } from './connection-handoff.ts'
import { ForwardedCalls } from './forwarded-calls.ts'
import type { AcceptorSetup, CallbacksSetup, MainMethods, WorkerSetup, WorkerState } from './protocol.ts'
import { ServiceHost } from './remote-service.ts'
import { remoteInspector } from './remote-view.ts'
import { slotsFor } from './slots.ts'
import { WorkerThread } from './worker-handle.ts'
import { type ExitReason, Pool, type SetupFor } from './worker-pool.ts'

export interface WorkerGroupOptions {
  readonly clock: Clock
  readonly events: EventBus
  readonly counts: Counts
  readonly memory: SharedMemory
  readonly mainThread: () => MainThread
  readonly log: LogText
  /** Writes lines of the access log. */
  readonly logLine: ((line: string) => void) | undefined
  readonly reportBug: (fault: unknown, about: string) => void
  /** Accept connections here and hand them out; default: only if the system cannot share a port. */
  readonly handsOut?: boolean
}

/** State that the main thread keeps for each worker. */
interface Kept {
  readonly writer: Writer
  readonly host: ServiceHost
  readonly forwarded: ForwardedCalls
  readonly view: Inspector
  /** Where connections are handed to the worker. */
  readonly path: string | undefined
  run: number | undefined
}

/** Servers in worker threads; the main thread only supervises them. */
export class WorkerGroup implements ServerGroup {
  readonly #options: WorkerGroupOptions
  readonly #kept = new Map<WorkerThread, Kept>()
  readonly #exits: Record<ExitReason, number> = { died: 0, idle: 0, reload: 0 }
  #lostCalls = 0
  /** The front's actual port. */
  #port: number | undefined
  #config: Config | undefined
  #pool: Pool<WorkerSetup, WorkerThread> | undefined
  #handOut: HandOut | undefined

  constructor(options: WorkerGroupOptions) {
    this.#options = options
  }

  async start(next: ServerConfig, stop?: AbortSignal): Promise<AddressInfo> {
    const { config } = next
    const { clock, log, handsOut = !canSharePort } = this.#options
    this.#config = config
    if (handsOut) this.#handOut = await HandOut.open(config.listen)
    else await checkFree(config.listen)
    stop?.throwIfAborted()
    const pool = new Pool<WorkerSetup, WorkerThread>({
      range: rangeOf(config),
      slots: this.#options.memory.slots,
      clock,
      log,
      startThread: (place, number) => this.#startThread(place, number),
      setupFor: this.#setupsOf(next),
      onState: (thread, state) => this.#stateOf(thread, state),
      onEnded: (thread, reason) => this.#ended(thread, reason),
    })
    this.#pool = pool
    const stopPool = (): void => pool.stop()
    stop?.addEventListener('abort', stopPool)
    try {
      return (await pool.start()).address
    } finally {
      stop?.removeEventListener('abort', stopPool)
    }
  }

  refusal(config: Config): StartupError | undefined {
    const range = workerRange(config.workers)
    if (range === undefined) {
      return new StartupError('workers cannot become 1 while this gateway runs: restart it to change that', ['workers'])
    }
    const { slots } = this.#options.memory
    if (slotsFor(range) <= slots) return this.#acceptorRefusal(config)
    const most = Math.floor((slots - 1) / 2)
    return new StartupError(
      `workers is up to ${range.max}; a gateway that was started with as many as this one can have ${most}: restart it to have more`,
      ['workers'],
    )
  }

  async prepare(next: ServerConfig): Promise<ServersChange> {
    const { config, callbacks } = next
    // Listeners that share a port would share it with another gateway too, and nobody would notice.
    const isOurs = isSameAddress(this.#config, config) || config.listen.port === this.#port
    if (this.#handOut === undefined && !isOurs) await checkFree(config.listen)
    const pool = this.#running
    const change = await pool.prepare({ range: rangeOf(config), setupFor: this.#setupsOf(next) })
    return {
      ...change,
      commit: () => {
        this.#config = config
        change.commit()
        // They may have changed since the workers were prepared.
        if (callbacks !== undefined) this.learnKeys(callbacks.keys())
      },
      retired: async () => {
        await change.inForce()
        await Promise.allSettled(pool.all.map((thread) => thread.channel.call('retired', [])))
      },
    }
  }

  learnKeys(keys: Keys): void {
    for (const thread of this.#kept.keys()) thread.channel.notify('keys', keys)
  }

  views(): readonly Inspector[] {
    return [...this.#kept.values()].map(({ view }) => view)
  }

  counts(): WorkerCounts {
    return { running: this.#pool?.serving.length ?? 0, exits: { ...this.#exits }, lostCalls: this.#lostCalls }
  }

  async drain(): Promise<void> {
    this.#pool?.stop()
    const all = this.#pool?.all ?? []
    await Promise.allSettled(
      all.map(async (thread) => {
        await thread.channel.call('drain', [])
        this.#handOut?.remove(this.#kept.get(thread)?.path)
      }),
    )
    this.#handOut?.stop()
  }

  async close(): Promise<void> {
    this.#pool?.stop()
    this.#handOut?.close()
    await Promise.all((this.#pool?.all ?? []).map((thread) => this.#closeThread(thread)))
    await this.#pool?.close()
  }

  /** Does not wait for a hung worker: the pool terminates it. */
  async #closeThread(thread: WorkerThread): Promise<void> {
    const { clock } = this.#options
    let isAwake = false
    const woken = thread.ping().then(() => {
      isAwake = true
    })
    await within(wakeMs, clock, Promise.allSettled([woken]))
    if (isAwake) await within(closeMs, clock, Promise.allSettled([thread.close()]))
  }

  get #running(): Pool<WorkerSetup, WorkerThread> {
    if (this.#pool === undefined) throw new Error('the workers have not been started yet')
    return this.#pool
  }

  /** Refuses an address change if the main thread accepts connections for the workers. */
  #acceptorRefusal({ listen }: Pick<Config, 'listen'>): StartupError | undefined {
    if (this.#handOut === undefined || isSameAddress(this.#config, { listen })) return undefined
    const text = 'listen cannot change here, as this system cannot share a port among threads: restart the gateway'
    return new StartupError(text, ['listen'])
  }

  #startThread(place: WorkerThread['place'], number: number): WorkerThread {
    const { clock, events, counts, mainThread, reportBug } = this.#options
    const find = (name: string) => mainThread().hosted(name)
    const host = new ServiceHost({ find, clock, events })
    const forwarded = new ForwardedCalls()
    const thread = new WorkerThread({
      place,
      number,
      reportBug,
      host: (thread) => this.#methodsFor(thread, host, forwarded),
    })
    const writer = counts.open(SharedArrayBuffer)
    const path = this.#handOut?.newPath()
    this.#kept.set(thread, { writer, host, forwarded, view: remoteInspector(thread.channel), path, run: undefined })
    return thread
  }

  /** The setup of each worker with this configuration. */
  #setupsOf({ config, callbacks }: ServerConfig): SetupFor<WorkerSetup, WorkerThread> {
    const { memory } = this.#options
    return (thread, regions, first) => {
      const kept = this.#kept.get(thread)
      if (kept === undefined) throw new Error(`worker ${thread.number} has ended`)
      const { writer, path } = kept
      // The main thread uses the same regions as the first worker that requested them.
      memory.learn(regions)
      return {
        config,
        acceptor: this.#acceptorOf(path, first),
        regions: new Map([...regions, ...memory.regions()]),
        block: writer.block,
        callbacks: callbacks && callbacksSetup(callbacks),
      }
    }
  }

  #acceptorOf(path: string | undefined, first: WorkerState | undefined): AcceptorSetup {
    if (path === undefined || this.#handOut === undefined) return { kind: 'own', port: first?.address.port }
    return { kind: 'handed', path, address: this.#handOut.address }
  }

  #stateOf(thread: WorkerThread, { run, address }: WorkerState): void {
    const kept = this.#kept.get(thread)
    if (kept === undefined) return
    this.#port = address.port
    kept.run = run
    kept.writer.countsInto(kept.writer.block)
    if (kept.path !== undefined) this.#handOut?.add(kept.path)
  }

  #methodsFor(thread: WorkerThread, host: ServiceHost, forwarded: ForwardedCalls): MainMethods {
    const { log, logLine, reportBug, mainThread } = this.#options
    return {
      serve: (...call) => host.serve(...call),
      abortCall: (number, reason) => {
        host.abortCall(number, reason)
        forwarded.abort(number, reason)
      },
      tickets: async (store, method, args) => {
        const tickets = mainThread().callbacks?.[store]
        if (tickets === undefined) return failure('STORE_UNAVAILABLE', 'There is no store for this result')
        return (tickets[method] as (...given: readonly unknown[]) => unknown).apply(tickets, [...args])
      },
      elsewhere: async (run, call) => {
        const other = [...this.#kept].find(([candidate, kept]) => candidate !== thread && kept.run === run)
        return other && forwarded.serve(other[0].channel, call)
      },
      lines: (lines) => {
        for (const line of lines.split('\n')) if (line !== '') logLine?.(`${line}\n`)
      },
      log: (text, level) => log(text, level),
      fault: (text, about) => reportBug(text, about),
    }
  }

  #ended(thread: WorkerThread, reason: ExitReason): void {
    const kept = this.#kept.get(thread)
    if (kept === undefined) return
    this.#kept.delete(thread)
    this.#handOut?.remove(kept.path)
    this.#exits[reason]++
    const lost = this.#options.counts.inFlightIn(kept.writer)
    this.#lostCalls += lost
    if (lost > 0) this.#options.log(`worker ${thread.number} took ${countOf(lost, 'call')} in flight with it`, 'warn')
    kept.writer.end()
    kept.host.close()
    kept.forwarded.close()
  }
}

function callbacksSetup({ keys, endpoints, durable }: SharedCallbacks): CallbacksSetup {
  return { keys: keys(), endpoints, isDurable: durable !== undefined }
}

/** A worker that does not answer within this time counts as hung. */
const wakeMs = 500
/** How long a worker may take to close. */
const closeMs = 2000

/** Systems where Node can share a port among several sockets (`reusePort` of `net.Server.listen`). */
const canSharePort = ['linux', 'freebsd', 'dragonfly', 'aix', 'sunos'].includes(process.platform)

function isSameAddress(some: Pick<Config, 'listen'> | undefined, other: Pick<Config, 'listen'>): boolean {
  return some?.listen.host === other.listen.host && some.listen.port === other.listen.port
}

function rangeOf(config: Config): { readonly min: number; readonly max: number } {
  const range = workerRange(config.workers)
  if (range === undefined) throw new StartupError('workers is 1')
  return range
}
