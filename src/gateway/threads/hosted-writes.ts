import { type Failure, failure } from '../../core/failure.ts'
import { LiveCall } from '../../kit/live-call.ts'
import type { Runtime } from '../../kit/runtime.ts'
import type { MainThread } from '../main-thread.ts'
import { type PassedCall, type PlainEnd, plainEnd } from './call-message.ts'
import type { WriteMethods } from './protocol.ts'

/** Writes that came in at one worker and are served in the main thread. */
export class HostedWrites implements WriteMethods {
  readonly #runtime: Pick<Runtime, 'clock' | 'events'>
  readonly #writes: MainThread['writes']
  readonly #calls = new Map<number, LiveCall>()

  constructor(runtime: Pick<Runtime, 'clock' | 'events'>, writes: MainThread['writes']) {
    this.#runtime = runtime
    this.#writes = writes
  }

  async deliver(route: string, { number, request, call: plain }: PassedCall): Promise<PlainEnd> {
    const { clock, events } = this.#runtime
    const { id, startedAtMs, trace, deadlineAtMs } = plain
    const call = new LiveCall({ id, route: this.#writes.factsOf(route), clock, events, startedAtMs, trace })
    call.expireAt(deadlineAtMs)
    this.#calls.set(number, call)
    try {
      return plainEnd(await this.#writes.deliver(route, request, call), call)
    } finally {
      this.#calls.delete(number)
    }
  }

  abort(number: number, reason: Failure): void {
    this.#calls.get(number)?.abort(reason)
  }

  /** Call this when the worker has ended: nobody waits for these calls any longer. */
  close(): void {
    for (const call of this.#calls.values()) call.abort(workerGone)
  }
}

const workerGone = failure('CLIENT_GONE', 'The worker that served the client has ended')
