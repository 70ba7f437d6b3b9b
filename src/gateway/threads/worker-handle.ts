import { Worker } from 'node:worker_threads'
import { RpcChannel } from '../../kit/rpc.ts'
import type { Regions } from '../../kit/shared-memory.ts'
import type { MainMethods, WorkerMethods, WorkerPlace, WorkerSetup, WorkerState } from './protocol.ts'
import type { PoolThread } from './worker-pool.ts'

/** Works from source and from compiled output. */
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const program = new URL(`./worker-main.${extension}`, import.meta.url)

/** Time limits for ending a worker. */
export interface WorkerThreadOptions {
  readonly place: WorkerPlace
  readonly number: number
  readonly reportBug: (fault: unknown, about: string) => void
  /** The methods that the worker may call in the main thread. */
  readonly host: (thread: WorkerThread) => MainMethods
}

/** A worker, as seen from the main thread. */
export class WorkerThread implements PoolThread<WorkerSetup> {
  readonly place: WorkerPlace
  readonly number: number
  readonly channel: RpcChannel<MainMethods, WorkerMethods>
  readonly ended: Promise<string>
  #hasEnded = false
  readonly #worker: Worker
  #lastUsed: ReturnType<Worker['performance']['eventLoopUtilization']>

  constructor({ place, number, reportBug, host }: WorkerThreadOptions) {
    this.place = place
    this.number = number
    this.#worker = new Worker(program, { name: `hedgerow-worker-${number}`, workerData: place })
    this.#lastUsed = this.#worker.performance.eventLoopUtilization()
    this.channel = new RpcChannel(this.#worker, host(this), reportBug)
    let reason = ''
    this.#worker.on('error', (fault: unknown) => {
      reason = fault instanceof Error ? fault.message : String(fault)
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

  start(setup: WorkerSetup): Promise<WorkerState> {
    return this.channel.call('start', [setup])
  }

  prepare(setup: WorkerSetup): Promise<Regions> {
    return this.channel.call('prepare', [setup])
  }

  commit(): Promise<WorkerState> {
    return this.channel.call('commit', [])
  }

  rollback(): Promise<void> {
    return this.channel.call('rollback', [])
  }

  retire(): Promise<void> {
    return this.channel.call('retire', [])
  }

  close(): Promise<void> {
    return this.channel.call('close', [])
  }

  ping(): Promise<void> {
    return this.channel.call('ping', [])
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
