import type { Keys } from '../../callback/token.ts'
import type { Service } from '../../core/service.ts'
import type { Line } from '../../kit/rpc.ts'
import type { TicketStore } from '../../store/ticket-store.ts'
import type { Central, CentralCallbacks } from '../main-thread.ts'
import type { CallbacksSetup, MainMethods, WorkerMethods } from './protocol.ts'
import { remoteService } from './remote-service.ts'

/** What a worker has of the central plane: each thing is asked of the main thread. */
export class RemoteCentral implements Central {
  readonly #line: Line<WorkerMethods, MainMethods>
  readonly #tickets: { readonly memory: TicketStore; readonly durable: TicketStore }
  #callbacks: CallbacksSetup | undefined

  constructor(line: Line<WorkerMethods, MainMethods>) {
    this.#line = line
    this.#tickets = { memory: remoteTickets(line, 'memory'), durable: remoteTickets(line, 'durable') }
  }

  service(name: string): Service {
    return remoteService(name, this.#line)
  }

  get callbacks(): CentralCallbacks | undefined {
    if (this.#callbacks === undefined) return undefined
    const { ways, isDurable } = this.#callbacks
    const { memory, durable } = this.#tickets
    // Asked for each time, as they change without a reload.
    const keys = (): Keys => (this.#callbacks as CallbacksSetup).keys
    return { keys, ways: () => ways, memory, durable: isDurable ? durable : undefined }
  }

  learn(callbacks: CallbacksSetup | undefined): void {
    this.#callbacks = callbacks
  }

  learnKeys(keys: Keys): void {
    if (this.#callbacks !== undefined) this.#callbacks = { ...this.#callbacks, keys }
  }
}

function remoteTickets(line: Line<WorkerMethods, MainMethods>, store: 'memory' | 'durable'): TicketStore {
  const ask = (method: keyof TicketStore, ...args: readonly unknown[]): Promise<never> =>
    line.ask('tickets', [store, method, args]) as Promise<never>
  return {
    put: (ticket) => ask('put', ticket),
    find: (id) => ask('find', id),
    spend: (id) => ask('spend', id),
    list: (limit) => ask('list', limit),
    removeExpired: (now) => ask('removeExpired', now),
  }
}
