import type { AddressInfo } from 'node:net'
import { MessageChannel } from 'node:worker_threads'
import type { Inspector } from '../../admin/inspector.ts'
import type { SharedCallbacks } from '../../callback/shared-state.ts'
import type { Keys } from '../../callback/token.ts'
import type { Config } from '../../config/schema.ts'
import { slotsFor, type Workers, workerRange } from '../../config/workers.ts'
import { failure } from '../../core/failure.ts'
import { failed } from '../../core/outcome.ts'
import { countOf } from '../../kit/count-of.ts'
import { expose } from '../../kit/rpc.ts'
import type { Runtime } from '../../kit/runtime.ts'
import { StartupError } from '../../kit/startup-error.ts'
import { within } from '../../kit/within.ts'
import type { TicketStore } from '../../store/ticket-store.ts'
import type { Writer } from '../../telemetry/counts/blocks.ts'
import type { Counts } from '../../telemetry/counts/counts.ts'
import type { WorkerCounts } from '../../telemetry/metrics/sources.ts'
import { checkFree } from '../../transport/server/acceptor.ts'
import type { MainThread } from '../main-thread.ts'
import type { Pages } from '../pages.ts'
import type { ServerConfig } from '../server.ts'
import type { ServerGroup, ServersChange } from '../server-group.ts'
import { HostedWrites } from './hosted-writes.ts'
import type { ExitReason, SetupFor } from './pool-options.ts'
import type { CallbacksSetup, MainMethods, WorkerSetup, WorkerState, WriteMethods } from './protocol.ts'
import { WorkerHandle } from './worker-handle.ts'
import { Pool } from './worker-pool.ts'

export interface WorkerGroupOptions {
  readonly counts: Counts
  readonly mainThread: MainThread
  readonly pages: Pages
  /** Writes lines of the access log. */
  readonly logLine: ((line: string) => void) | undefined
}

/** State that the main thread keeps for each worker. */
interface Member {
  readonly writer: Writer
  readonly writes: HostedWrites
  run: number | undefined
}

/** Servers in worker threads; the main thread only supervises them. */
export class WorkerGroup implements ServerGroup {
  readonly #runtime: Runtime
  readonly #options: WorkerGroupOptions
  readonly #members = new Map<WorkerHandle, Member>()
  readonly #exits: Record<ExitReason, number> = { died: 0, idle: 0, reload: 0 }
  #lostCalls = 0
  /** The front's actual port. */
  #port: number | undefined
  #config: Config | undefined
  readonly #tickets: { readonly memoryTickets: TicketStore; readonly durableTickets: TicketStore }
  #pool: Pool<WorkerSetup, WorkerHandle> | undefined

  constructor(runtime: Runtime, options: WorkerGroupOptions) {
    this.#runtime = runtime
    this.#options = options
    const { mainThread } = options
    this.#tickets = {
      memoryTickets: currentTickets(() => mainThread.callbacks?.memory),
      durableTickets: currentTickets(() => mainThread.callbacks?.durable),
    }
  }

  async start(next: ServerConfig, stop?: AbortSignal): Promise<AddressInfo> {
    const { config } = next
    const { clock, log, memory } = this.#runtime
    this.#config = config
    await checkFree(config.listen)
    stop?.throwIfAborted()
    const pool = new Pool<WorkerSetup, WorkerHandle>({
      range: rangeOf(config),
      slots: memory.slots,
      clock,
      log,
      startThread: (slot, number) => this.#startThread(slot, number),
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

  refusal(workers: Workers): StartupError | undefined {
    const range = workerRange(workers)
    if (range === undefined) {
      return new StartupError('workers cannot change to 1 while the gateway runs: restart it', ['workers'])
    }
    const { slots } = this.#runtime.memory
    if (slotsFor(range) <= slots) return undefined
    const most = Math.floor((slots - 1) / 2)
    return new StartupError(`workers cannot exceed ${most} while this gateway runs; found ${range.max}: restart it`, [
      'workers',
    ])
  }

  async prepare(next: ServerConfig): Promise<ServersChange> {
    const { config, callbacks } = next
    // Listeners that share a port would share it with another gateway too, and nobody would notice.
    const isOurs = isSameAddress(this.#config, config) || config.listen.port === this.#port
    if (!isOurs) await checkFree(config.listen)
    const pool = this.#running
    const change = await pool.prepare({ range: rangeOf(config), setupFor: this.#setupsOf(next) })
    return {
      ...change,
      commit: () => {
        this.#config = config
        // Before the workers commit: the keys may have changed since they were prepared.
        if (callbacks !== undefined) this.learnKeys(callbacks.keys())
        change.commit()
      },
      retired: async () => {
        await change.inForce()
        await Promise.allSettled(pool.all.map((thread) => thread.methods.retired()))
      },
    }
  }

  learnKeys(keys: Keys): void {
    for (const thread of this.#members.keys()) thread.notify.keys(keys)
  }

  views(): readonly Inspector[] {
    return [...this.#members.keys()].map(({ inspector }) => inspector)
  }

  counts(): WorkerCounts {
    return { running: this.#pool?.serving.length ?? 0, exits: { ...this.#exits }, lostCalls: this.#lostCalls }
  }

  async drain(): Promise<void> {
    this.#pool?.stop()
    const all = this.#pool?.all ?? []
    await Promise.allSettled(all.map((thread) => thread.methods.drain()))
  }

  async close(): Promise<void> {
    this.#pool?.stop()
    await Promise.all((this.#pool?.all ?? []).map((thread) => this.#closeThread(thread)))
    await this.#pool?.close()
  }

  /** Does not wait for a hung worker: the pool terminates it. */
  async #closeThread(thread: WorkerHandle): Promise<void> {
    const { clock } = this.#runtime
    let isAwake = false
    const woken = thread.ping().then(() => {
      isAwake = true
    })
    await within(wakeMs, clock, Promise.allSettled([woken]))
    if (isAwake) await within(closeMs, clock, Promise.allSettled([thread.close()]))
  }

  get #running(): Pool<WorkerSetup, WorkerHandle> {
    if (this.#pool === undefined) throw new Error('the workers have not been started yet')
    return this.#pool
  }

  #startThread(slot: number, number: number): WorkerHandle {
    const { memory, reportBug } = this.#runtime
    const { counts, mainThread, pages } = this.#options
    const writes = new HostedWrites(this.#runtime, mainThread.writes)
    const thread = new WorkerHandle({ slot, slots: memory.slots, number, reportBug })
    expose<MainMethods>(thread.channel, 'main', this.#methodsFor(thread))
    expose<WriteMethods>(thread.channel, 'writes', writes)
    expose<Pages>(thread.channel, 'pages', pages)
    const { memoryTickets, durableTickets } = this.#tickets
    expose<TicketStore>(thread.channel, 'memory tickets', memoryTickets)
    expose<TicketStore>(thread.channel, 'durable tickets', durableTickets)
    this.#members.set(thread, { writer: counts.open(SharedArrayBuffer), writes, run: undefined })
    return thread
  }

  /** The setup of each worker with this configuration. */
  #setupsOf({ config, callbacks }: ServerConfig): SetupFor<WorkerSetup, WorkerHandle> {
    const { memory } = this.#runtime
    return (thread, regions, first) => {
      const member = this.#members.get(thread)
      if (member === undefined) throw new Error(`worker ${thread.number} has ended`)
      // The main thread uses the same regions as the first worker that requested them.
      memory.learn(regions)
      return {
        config,
        port: first?.address.port,
        regions: new Map([...regions, ...memory.regions()]),
        block: member.writer.block,
        callbacks: callbacks && callbacksSetup(callbacks),
      }
    }
  }

  #stateOf(thread: WorkerHandle, { run, address }: WorkerState): void {
    const member = this.#members.get(thread)
    if (member === undefined) return
    this.#port = address.port
    member.run = run
    member.writer.countsInto(member.writer.block)
  }

  #methodsFor(thread: WorkerHandle): MainMethods {
    const { log, reportBug } = this.#runtime
    const { logLine, mainThread } = this.#options
    return {
      deliveryStatus: (id) => mainThread.deliveryStatus(id),
      connect: (run) => this.#connect(thread, run),
      lines: (lines) => {
        for (const line of lines.split('\n')) if (line !== '') logLine?.(`${line}\n`)
      },
      log: (text, level) => log(text, level),
      error: (text, about) => reportBug(text, about),
    }
  }

  /** Makes a port between two workers. Its ends are closed with the worker that ends first. */
  #connect(thread: WorkerHandle, run: number): boolean {
    const own = this.#members.get(thread)?.run
    const other = [...this.#members].find(([one, member]) => one !== thread && member.run === run)
    if (own === undefined || other === undefined) return false
    const { port1, port2 } = new MessageChannel()
    other[0].notify.join(own, port1)
    thread.notify.join(run, port2)
    return true
  }

  #ended(thread: WorkerHandle, reason: ExitReason): void {
    const member = this.#members.get(thread)
    if (member === undefined) return
    this.#members.delete(thread)
    this.#exits[reason]++
    const lost = this.#options.counts.inFlightIn(member.writer)
    this.#lostCalls += lost
    if (lost > 0) this.#runtime.log(`worker ${thread.number} died with ${countOf(lost, 'call')} in flight`, 'warn')
    member.writer.end()
    member.writes.close()
  }
}

function callbacksSetup({ keys, endpoints, durable }: SharedCallbacks): CallbacksSetup {
  return { keys: keys(), endpoints, isDurable: durable !== undefined }
}

/** A worker that does not answer within this time counts as hung. */
const wakeMs = 500
/** How long a worker may take to close. */
const closeMs = 2000

function isSameAddress(some: Pick<Config, 'listen'> | undefined, other: Pick<Config, 'listen'>): boolean {
  return some?.listen.host === other.listen.host && some.listen.port === other.listen.port
}

function rangeOf(config: Config): { readonly min: number; readonly max: number } {
  const range = workerRange(config.workers)
  if (range === undefined) throw new StartupError('workers is 1')
  return range
}

/** Asked for each time, as a reload may open a store. */
function currentTickets(current: () => TicketStore | undefined): TicketStore {
  const none = failed(failure('STORE_UNAVAILABLE', 'There is no store for this result'))
  return {
    put: async (ticket) => current()?.put(ticket) ?? none,
    find: async (id) => current()?.find(id) ?? none,
    spend: async (id) => current()?.spend(id) ?? none,
    list: async (limit) => current()?.list(limit) ?? none,
    removeExpired: async (now) => current()?.removeExpired(now) ?? none,
  }
}
