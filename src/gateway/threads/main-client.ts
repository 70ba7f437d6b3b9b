import type { DeliveryStatus } from '../../broadcast/delivery-page.ts'
import type { SharedCallbacks } from '../../callback/shared-state.ts'
import { KeyRing, type Keys } from '../../callback/token.ts'
import type { AbortListener } from '../../core/abort.ts'
import type { Call } from '../../core/call.ts'
import { failure } from '../../core/failure.ts'
import { failed, type Outcome } from '../../core/outcome.ts'
import type { GatewayRequest } from '../../core/request.ts'
import { ChannelClosed, type Notifier, notifier, type Remote, type RpcChannel, remote } from '../../kit/rpc.ts'
import type { TicketStore } from '../../store/ticket-store.ts'
import type { MainThreadApi } from '../main-thread.ts'
import { adopted, bytesOf, plainCall, plainFailure, plainRequest } from './call-message.ts'
import type { CallbacksSetup, MainMethods, WriteMethods } from './protocol.ts'

/** A worker's access to the main thread; each method forwards to it. */
export class MainThreadClient implements MainThreadApi {
  readonly #main: Remote<MainMethods>
  readonly #writes: Remote<WriteMethods>
  readonly #writesUnderWay: Notifier<WriteMethods>
  readonly #tickets: { readonly memory: TicketStore; readonly durable: TicketStore }
  /** Undefined until a route uses `callback`. */
  #keys: KeyRing | undefined
  #lastNumber = 0

  constructor(channel: RpcChannel) {
    this.#main = remote<MainMethods>(channel, 'main')
    this.#writes = remote<WriteMethods>(channel, 'writes', { deliver: (_route, { request }) => bytesOf(request) })
    this.#writesUnderWay = notifier<WriteMethods>(channel, 'writes')
    this.#tickets = {
      memory: remote<TicketStore>(channel, 'memory tickets'),
      durable: remote<TicketStore>(channel, 'durable tickets'),
    }
  }

  /** The write's outcome and attempts there apply to the call here. */
  async deliver(route: string, request: GatewayRequest, call: Call): Promise<Outcome> {
    const number = ++this.#lastNumber
    const listener: AbortListener = {
      onAbort: (reason) => this.#writesUnderWay.abort(number, plainFailure(reason)),
    }
    try {
      const end = this.#writes.deliver(route, { number, request: plainRequest(request), call: plainCall(call) })
      call.scope.add(listener)
      return adopted(await end, call)
    } catch (error) {
      if (error instanceof ChannelClosed) return failed(gone)
      throw error
    } finally {
      call.scope.remove(listener)
    }
  }

  deliveryStatus(id: string): Promise<DeliveryStatus> {
    return this.#main.deliveryStatus(id)
  }

  /** Callbacks by this setup; its keys count only until the first are learned. */
  callbacks(setup: CallbacksSetup | undefined): SharedCallbacks | undefined {
    if (setup === undefined) return undefined
    const { endpoints, isDurable } = setup
    const { memory, durable } = this.#tickets
    this.#keys ??= new KeyRing(setup.keys)
    return { keys: this.#keys.current, endpoints, memory, durable: isDurable ? durable : undefined }
  }

  learnKeys(keys: Keys): void {
    this.#keys?.learn(keys)
  }
}

const gone = failure('INTERNAL', 'The thread that served this call has ended')
