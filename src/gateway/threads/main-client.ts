import type { SharedCallbacks } from '../../callback/shared-state.ts'
import type { Keys } from '../../callback/token.ts'
import type { Service } from '../../core/service.ts'
import type { RpcChannel } from '../../kit/rpc.ts'
import type { TicketStore } from '../../store/ticket-store.ts'
import type { MainThreadApi } from '../main-thread.ts'
import type { CallbacksSetup, MainMethods, WorkerMethods } from './protocol.ts'
import { remoteService } from './remote-service.ts'

/** A worker's access to the main thread; each method forwards to it. */
export class MainThreadClient implements MainThreadApi {
  readonly #channel: RpcChannel<WorkerMethods, MainMethods>
  readonly #tickets: { readonly memory: TicketStore; readonly durable: TicketStore }
  /** Undefined until they have changed since the start. */
  #keys: Keys | undefined

  constructor(channel: RpcChannel<WorkerMethods, MainMethods>) {
    this.#channel = channel
    this.#tickets = { memory: remoteTickets(channel, 'memory'), durable: remoteTickets(channel, 'durable') }
  }

  service(name: string): Service {
    return remoteService(name, this.#channel)
  }

  /** Callbacks by this setup; the keys are those that were learned last. */
  callbacks(setup: CallbacksSetup | undefined): SharedCallbacks | undefined {
    if (setup === undefined) return undefined
    const { endpoints, isDurable } = setup
    const { memory, durable } = this.#tickets
    const keys = (): Keys => this.#keys ?? setup.keys
    return { keys, endpoints, memory, durable: isDurable ? durable : undefined }
  }

  learnKeys(keys: Keys): void {
    this.#keys = keys
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
