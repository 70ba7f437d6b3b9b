import { type Failure, failure } from '../../core/failure.ts'
import { ChannelClosed } from '../../kit/rpc.ts'
import { bytesOf, type PlainCall, type PlainEnd, type PlainRequest } from './call-message.ts'
import { type ServiceChannel, workerGone } from './remote-service.ts'

/** A call that came in at one worker, for another one to serve. */
export interface ForwardedCall {
  /** Unique among the calls of the worker where it came in. */
  readonly number: number
  readonly service: string
  readonly request: PlainRequest
  readonly call: PlainCall
}

interface Forwarded {
  readonly to: ServiceChannel
  /** Unique among the calls that the main thread forwards to any worker. */
  readonly number: number
}

let lastNumber = 0

/** The calls of one worker that the main thread forwards to others. */
export class ForwardedCalls {
  readonly #calls = new Map<number, Forwarded>()

  /** If the worker dies, it has had no lasting effect or has answered its client: the caller may retry. */
  async serve(to: ServiceChannel, { number, service, request, call }: ForwardedCall): Promise<PlainEnd> {
    const forwarded = { to, number: ++lastNumber }
    this.#calls.set(number, forwarded)
    try {
      return await to.call('serve', [service, forwarded.number, request, call], bytesOf(request))
    } catch (fault) {
      if (fault instanceof ChannelClosed)
        return { outcome: { ok: false, failure: died }, attempts: [], winner: undefined }
      throw fault
    } finally {
      this.#calls.delete(number)
    }
  }

  /** Aborts only this call. Ignores a call that has ended or is unknown. */
  abort(number: number, reason: Failure): void {
    const forwarded = this.#calls.get(number)
    forwarded?.to.notify('abortCall', forwarded.number, reason)
  }

  /** Call this when the worker where they came in has ended. */
  close(): void {
    for (const number of this.#calls.keys()) this.abort(number, workerGone)
  }
}

const died = failure('WORKER_LOST', 'The worker that this was forwarded to has ended: send it again')
