import type { AddressInfo } from 'node:net'
import type { MessagePort } from 'node:worker_threads'
import type { DeliveryStatus } from '../../broadcast/delivery-page.ts'
import type { ReceiveEndpoint } from '../../callback/receive-endpoints.ts'
import type { Keys } from '../../callback/token.ts'
import type { Config } from '../../config/schema.ts'
import type { Failure } from '../../core/failure.ts'
import type { Regions } from '../../kit/shared-memory.ts'
import type { PassedCall, PlainEnd } from './call-message.ts'

/** Settings that a worker gets from the main thread. */
export interface WorkerSetup {
  readonly config: Config
  /** The front's port, once another worker has it. */
  readonly port: number | undefined
  readonly regions: Regions
  /** Where the worker writes its counts. */
  readonly block: SharedArrayBuffer
  /** Undefined until a route uses `callback`. */
  readonly callbacks: CallbacksSetup | undefined
}

export interface CallbacksSetup {
  readonly keys: Keys
  readonly endpoints: readonly ReceiveEndpoint[]
  /** Whether the main thread has a store for the results of durable routes. */
  readonly isDurable: boolean
}

/** The worker's row in shared memory. */
export interface WorkerSlot {
  readonly slot: number
  readonly slots: number
}

export interface WorkerState {
  readonly address: AddressInfo
  /** All regions that its configuration needs. */
  readonly regions: Regions
  /** Identifies the worker in callback tokens. */
  readonly run: number | undefined
}

/** Exposed by a worker to the main thread, besides its `Inspector`. */
export interface WorkerMethods {
  start(setup: WorkerSetup): Promise<WorkerState>
  /** See `kit/reload.ts`. Resolves with all regions that the setup needs. */
  prepare(setup: WorkerSetup): Promise<Regions>
  commit(): WorkerState
  rollback(): Promise<void>
  /** Resolves when the resources of the configuration before the last commit are freed. */
  retired(): Promise<void>
  keys(keys: Keys): void
  /** Connects it with the worker of that run. */
  join(run: number, port: MessagePort): void
  /** Accepts no new connections; resolves when the last call has ended. */
  drain(): Promise<void>
  /** Like `drain`, but more gently, as other workers still listen on the port. */
  retire(): Promise<void>
  close(): Promise<void>
  /** Answered as soon as the event loop is free. */
  ping(): void
}

/** Exposed by the main thread to a worker, besides writes, pages and tickets. */
export interface MainMethods {
  deliveryStatus(id: string): Promise<DeliveryStatus>
  /** Has both workers `join`, before it answers; false if no other worker of that run exists. */
  connect(run: number): boolean
  /** Whole lines of the access log; answered once they are taken. */
  lines(lines: string): void
  log(text: string, level: 'info' | 'warn'): void
  error(text: string, about: string): void
}

/** The writes of one worker's clients, for the main thread to deliver. */
export interface WriteMethods {
  deliver(route: string, write: PassedCall): Promise<PlainEnd>
  /** `number`: of the passed call. */
  abort(number: number, reason: Failure): void
}
