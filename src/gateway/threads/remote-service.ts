import type { Transferable } from 'node:worker_threads'
import type { AbortListener } from '../../core/abort.ts'
import type { Attempt } from '../../core/attempt.ts'
import type { Call } from '../../core/call.ts'
import { type Failure, failure } from '../../core/failure.ts'
import { failed, type Outcome } from '../../core/outcome.ts'
import type { GatewayRequest } from '../../core/request.ts'
import type { Service } from '../../core/service.ts'
import type { Clock } from '../../kit/clock.ts'
import type { EventBus } from '../../kit/event-bus.ts'
import { LiveCall } from '../../kit/live-call.ts'
import { ChannelClosed } from '../../kit/rpc.ts'
import type { HostedService } from '../main-thread.ts'
import {
  bytesOf,
  outcomeOf,
  type PlainCall,
  type PlainEnd,
  type PlainRequest,
  plainCall,
  plainEnd,
  plainFailure,
  plainRequest,
} from './call-message.ts'

/** Methods that a thread with services offers to another thread. */
export interface ServiceMethods {
  /** `number` identifies the call for `abort`. */
  serve(service: string, number: number, request: PlainRequest, call: PlainCall): Promise<PlainEnd>
  abortCall(number: number, reason: Failure): void
}

/** How to reach another thread. */
export interface ServiceChannel {
  call(to: 'serve', args: Parameters<ServiceMethods['serve']>, moved: Transferable[]): Promise<PlainEnd>
  notify(to: 'abortCall', number: number, reason: Failure): void
}

/** Numbers this thread's calls; unique whichever thread serves them. */
let lastNumber = 0

/** A service that runs in another thread; the call's outcome and attempts there apply to the call here. */
export function remoteService(name: string, there: ServiceChannel): Service {
  return async (request, call) => {
    const asked = askThere(request, call, {
      ask: (number, plain) => there.call('serve', [name, number, plain, plainCall(call)], bytesOf(plain)),
      abort: (number, reason) => there.notify('abortCall', number, reason),
    })
    try {
      return adopted(await asked, call)
    } catch (fault) {
      if (fault instanceof ChannelClosed) return failed(gone)
      throw fault
    }
  }
}

/** Has another thread serve a call, under a number by which an abort here is passed on. */
export async function askThere<End>(
  request: GatewayRequest,
  call: Call,
  there: {
    readonly ask: (number: number, request: PlainRequest) => Promise<End>
    readonly abort: (number: number, reason: Failure) => void
  },
): Promise<End> {
  const number = ++lastNumber
  const listener: AbortListener = { onAbort: (reason) => there.abort(number, plainFailure(reason)) }
  try {
    const end = there.ask(number, plainRequest(request))
    call.scope.add(listener)
    return await end
  } finally {
    call.scope.remove(listener)
  }
}

const gone = failure('INTERNAL', 'The thread that served this call has ended')

/** Adopts the outcome of a call from another thread. */
export function adopted({ outcome, attempts, winner }: PlainEnd, call: Call): Outcome {
  let won: Attempt | undefined
  for (const attempt of attempts) {
    call.adopt(attempt)
    if (attempt.number === winner) won = attempt
  }
  return outcomeOf(outcome, won)
}

export interface ServiceHostOptions {
  readonly find: (name: string) => HostedService | undefined
  readonly clock: Clock
  readonly events: EventBus
}

/** Serves the `remoteService`s of one other thread. */
export class ServiceHost implements ServiceMethods {
  readonly #options: ServiceHostOptions
  readonly #calls = new Map<number, LiveCall>()

  constructor(options: ServiceHostOptions) {
    this.#options = options
  }

  async serve(name: string, number: number, request: PlainRequest, plain: PlainCall): Promise<PlainEnd> {
    const { find, clock, events } = this.#options
    const hosted = find(name)
    if (hosted === undefined) throw new Error(`there is no service ${name} here`)
    const { id, startedAtMs, trace, deadlineAtMs } = plain
    const call = new LiveCall({ id, route: hosted.facts, clock, events, startedAtMs, trace })
    call.expireAt(deadlineAtMs)
    this.#calls.set(number, call)
    try {
      return plainEnd(await hosted.service(request, call), call)
    } finally {
      this.#calls.delete(number)
    }
  }

  abortCall(number: number, reason: Failure): void {
    this.#calls.get(number)?.abort(reason)
  }

  /** Call this when the other thread has ended: nobody waits for these calls any longer. */
  close(): void {
    for (const call of this.#calls.values()) call.abort(workerGone)
  }
}

export const workerGone = failure('CLIENT_GONE', 'The worker that served the client has ended')
