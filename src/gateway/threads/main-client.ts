import type { Keys } from '../../callback/token.ts'
import type { Service } from '../../core/service.ts'
import type { RpcChannel } from '../../kit/rpc.ts'
import type { TicketStore } from '../../store/ticket-store.ts'
import type { MainThreadApi, MainThreadCallbacks } from '../main-thread.ts'
import type { CallbacksSetup, MainMethods, WorkerMethods } from './protocol.ts'
import { remoteService } from './remote-service.ts'

/** A worker's access to the main thread; each method forwards to it. */
export class MainThreadClient implements MainThreadApi {
  readonly #channel: RpcChannel<WorkerMethods, MainMethods>
  readonly #tickets: { readonly memory: TicketStore; readonly durable: TicketStore }
  #callbacks: CallbacksSetup | undefined

  constructor(channel: RpcChannel<WorkerMethods, MainMethods>) {
    this.#channel = channel
    this.#tickets = { memory: remoteTickets(channel, 'memory'), durable: remoteTickets(channel, 'durable') }
  }

  service(name: string): Service {
    return remoteService(name, this.#channel)
  }

  get callbacks(): MainThreadCallbacks | undefined {
    if (this.#callbacks === undefined) return undefined
    const { endpoints, isDurable } = this.#callbacks
    const { memory, durable } = this.#tickets
    // Read each time, as keys change without a reload.
    const keys = (): Keys => (this.#callbacks as CallbacksSetup).keys
    return { keys, endpoints: () => endpoints, memory, durable: isDurable ? durable : undefined }
  }

  learn(callbacks: CallbacksSetup | undefined): void {
    this.#callbacks = callbacks
  }

  learnKeys(keys: Keys): void {
    if (this.#callbacks !== undefined) this.#callbacks = { ...this.#callbacks, keys }
  }
}

function remoteTickets(channel: RpcChannel<WorkerMethods, MainMethods>, store: 'memory' | 'durable'): TicketStore {
  const ask = (method: keyof TicketStore, ...args: readonly unknown[]): Promise<never> =>
    channel.call('tickets', [store, method, args]) as Promise<never>
  return {
    put: (ticket) => ask('put', ticket),
    find: (id) => ask('find', id),
    spend: (id) => ask('spend', id),
    list: (limit) => ask('list', limit),
    removeExpired: (now) => ask('removeExpired', now),
  }
}
