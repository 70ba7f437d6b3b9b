import { type Failure, failure } from '../../core/failure.ts'
import { ChannelClosed } from '../../kit/rpc.ts'
import { bytesOf, type PlainCall, type PlainEnd, type PlainRequest } from './call-message.ts'
import { type ServiceChannel, workerGone } from './remote-service.ts'

/** A call that has come in at one worker, for another one to serve. */
export interface ForwardedCall {
  /** Among the calls of the worker where it came in. */
  readonly number: number
  readonly service: string
  readonly request: PlainRequest
  readonly call: PlainCall
}

interface Forwarded {
  readonly to: ServiceChannel
  /** Among the calls that the main thread passes on to any worker. */
  readonly number: number
}

let lastNumber = 0

/** The calls of one worker that the main thread passes on to others. */
export class ForwardedCalls {
  readonly #calls = new Map<number, Forwarded>()

  /** A worker that dies over it has done nothing that counts, or has answered its client: it may be sent again. */
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

  /** This one alone. One that has ended, or is none of these, is left as it is. */
  abort(number: number, reason: Failure): void {
    const forwarded = this.#calls.get(number)
    forwarded?.to.notify('abortCall', forwarded.number, reason)
  }

  /** The worker where they came in has ended. */
  close(): void {
    for (const number of this.#calls.keys()) this.abort(number, workerGone)
  }
}

const died = failure('WORKER_LOST', 'The worker that was to take this has ended: send it again')
