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

/** What a worker needs to know of the whole. */
export interface WorkerSetup {
  readonly config: Config
  /** The front's port, once another worker has it, and how connections come in. */
  readonly acceptor: AcceptorSetup
  readonly regions: Regions
  /** Where it counts what telemetry tells. */
  readonly block: SharedArrayBuffer
  /** There once a route waits for callbacks. */
  readonly callbacks: CallbacksSetup | undefined
}

export interface CallbacksSetup {
  readonly keys: Keys
  readonly endpoints: readonly ReceiveEndpoint[]
  /** Whether the main thread has a store for the results of durable routes. */
  readonly isDurable: boolean
}

export type AcceptorSetup =
  /** It listens at the port like all others. */
  { readonly kind: 'own'; readonly port: number | undefined } | HandedAcceptor

/** Connections to this address are handed to it through a socket at `path`. */
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
  /** All that its configuration asks for. */
  readonly regions: Regions
  /** By which callbacks find it. */
  readonly run: number | undefined
}

/** What the main thread asks of a worker. */
export interface WorkerMethods extends ServiceMethods {
  start(setup: WorkerSetup): Promise<WorkerState>
  reload(setup: WorkerSetup): Promise<WorkerState>
  /** Resolves when the calls have ended that began before the last reload. */
  settled(): Promise<void>
  keys(keys: Keys): void
  view(name: keyof Inspector, args: readonly unknown[]): unknown
  /** No more connections; resolves when the last call has ended. */
  drain(): Promise<void>
  /** The same, gently: others go on listening at the port. */
  retire(): Promise<void>
  close(): Promise<void>
  /** Answered as soon as its event loop comes round. */
  ping(): void
}

export type TicketMethod = keyof TicketStore

/** What a worker asks of the main thread. */
export interface MainMethods extends ServiceMethods {
  tickets(store: 'memory' | 'durable', method: TicketMethod, args: readonly unknown[]): Promise<unknown>
  /** Has the worker serve a callback whose token it has made; undefined where there is none of that run. */
  elsewhere(run: number, forwarded: ForwardedCall): Promise<PlainEnd | undefined>
  /** Whole lines of the access log; answered when they are taken. */
  lines(lines: string): void
  log(text: string, level: 'info' | 'warn'): void
  fault(text: string, about: string): void
}
