import type { AddressInfo } from 'node:net'
import type { Inspector } from '../../admin/inspector.ts'
import type { ReceiveEndpoint } from '../../callback/receive-endpoints.ts'
import type { Keys } from '../../callback/token.ts'
import type { Config } from '../../config/schema.ts'
import type { Regions } from '../../kit/shared-memory.ts'
import type { TicketStore } from '../../store/ticket-store.ts'
import type { PlainEnd } from './call-message.ts'
import type { ForwardedCall } from './forwarded-calls.ts'
import type { ServiceMethods } from './remote-service.ts'

/** Settings that a worker gets from the main thread. */
export interface WorkerSetup {
  readonly config: Config
  /** How connections come in, and the front's port once another worker has it. */
  readonly acceptor: AcceptorSetup
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

export type AcceptorSetup =
  /** Each worker listens on the port itself. */
  { readonly kind: 'own'; readonly port: number | undefined } | HandedAcceptor

/** The main thread accepts connections to this address and hands them over through a socket at `path`. */
export interface HandedAcceptor {
  readonly kind: 'handed'
  readonly path: string
  readonly address: AddressInfo
}

export interface WorkerPlace {
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

/** Requests from the main thread to a worker. */
export interface WorkerMethods extends ServiceMethods {
  start(setup: WorkerSetup): Promise<WorkerState>
  /** See `kit/reload.ts`. Resolves with all regions that the setup needs. */
  prepare(setup: WorkerSetup): Promise<Regions>
  commit(): WorkerState
  rollback(): Promise<void>
  /** Resolves when the resources of the configuration before the last commit are freed. */
  retired(): Promise<void>
  keys(keys: Keys): void
  view(name: keyof Inspector, args: readonly unknown[]): unknown
  /** Accepts no new connections; resolves when the last call has ended. */
  drain(): Promise<void>
  /** Like `drain`, but more gently, as other workers still listen on the port. */
  retire(): Promise<void>
  close(): Promise<void>
  /** Answered as soon as the event loop is free. */
  ping(): void
}

export type TicketMethod = keyof TicketStore

/** Requests from a worker to the main thread. */
export interface MainMethods extends ServiceMethods {
  tickets(store: 'memory' | 'durable', method: TicketMethod, args: readonly unknown[]): Promise<unknown>
  /** Has the worker that made the token serve the callback; undefined if no worker of that run exists. */
  elsewhere(run: number, forwarded: ForwardedCall): Promise<PlainEnd | undefined>
  /** Whole lines of the access log; answered once they are taken. */
  lines(lines: string): void
  log(text: string, level: 'info' | 'warn'): void
  fault(text: string, about: string): void
}
