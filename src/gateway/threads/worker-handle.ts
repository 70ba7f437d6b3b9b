import { Worker } from 'node:worker_threads'
import type { Inspector } from '../../admin/inspector.ts'
import { type Notifier, notifier, type Remote, RpcChannel, remote } from '../../kit/rpc.ts'
import type { PoolThread } from './pool-options.ts'
import type { WorkerMethods, WorkerSetup, WorkerSlot } from './protocol.ts'

/** Works from source and from compiled output. */
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const program = new URL(`./worker-main.${extension}`, import.meta.url)

export interface WorkerHandleOptions extends WorkerSlot {
  readonly number: number
  readonly reportBug: (error: unknown, about: string) => void
}

/** A worker, as seen from the main thread. */
export class WorkerHandle implements PoolThread<WorkerSetup> {
  readonly slot: number
  readonly number: number
  readonly channel: RpcChannel
  readonly methods: Remote<WorkerMethods>
  readonly start: Remote<WorkerMethods>['start']
  readonly prepare: Remote<WorkerMethods>['prepare']
  readonly commit: Remote<WorkerMethods>['commit']
  readonly rollback: Remote<WorkerMethods>['rollback']
  readonly retire: Remote<WorkerMethods>['retire']
  readonly close: Remote<WorkerMethods>['close']
  readonly ping: Remote<WorkerMethods>['ping']
  /** The same methods, called without waiting for an answer. */
  readonly notify: Notifier<WorkerMethods>
  readonly inspector: Inspector
  readonly ended: Promise<string>
  #hasEnded = false
  readonly #worker: Worker
  #lastUsed: ReturnType<Worker['performance']['eventLoopUtilization']>

  constructor({ slot, slots, number, reportBug }: WorkerHandleOptions) {
    this.slot = slot
    this.number = number
    const workerData: WorkerSlot = { slot, slots }
    this.#worker = new Worker(program, { name: `hedgerow-worker-${number}`, workerData })
    this.#lastUsed = this.#worker.performance.eventLoopUtilization()
    this.channel = new RpcChannel(this.#worker, reportBug)
    this.methods = remote<WorkerMethods>(this.channel, 'worker')
    this.start = this.methods.start
    this.prepare = this.methods.prepare
    this.commit = this.methods.commit
    this.rollback = this.methods.rollback
    this.retire = this.methods.retire
    this.close = this.methods.close
    this.ping = this.methods.ping
    this.notify = notifier<WorkerMethods>(this.channel, 'worker', { join: (_run, port) => [port] })
    this.inspector = remote<Inspector>(this.channel, 'inspector')
    let reason = ''
    this.#worker.on('error', (error: unknown) => {
      reason = error instanceof Error ? error.message : String(error)
    })
    this.ended = new Promise((resolve) => {
      this.#worker.once('exit', (code) => {
        this.#hasEnded = true
        this.channel.close(`worker ${number} has ended`)
        resolve(reason !== '' || code === 0 || code === terminated ? reason : `exit code ${code}`)
      })
    })
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  utilisation(): number {
    const { performance } = this.#worker
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, this.#lastUsed)
    this.#lastUsed = now
    return utilization
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate()
    await this.ended
  }
}

/** The exit code of a terminated thread. */
const terminated = 1
