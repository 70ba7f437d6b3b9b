import { Readable } from 'node:stream'
import type { AbortListener } from '../../core/abort.ts'
import type { Call } from '../../core/call.ts'
import { type Failure, failure } from '../../core/failure.ts'
import { headerValue } from '../../core/headers.ts'
import { failed } from '../../core/outcome.ts'
import { ok, type Result } from '../../core/result.ts'
import type { Layer } from '../../core/service.ts'
import { noRoomFor } from '../../kit/collect.ts'

/** Reads the client's whole body into memory, for strategies that may send it more than once. */
export function bufferBody(maxBytes: number): Layer {
  return function bufferBodyLayer(next) {
    return async (request, call) => {
      if (!(request.body instanceof Readable)) return next(request, call)
      const declared = Number(headerValue(request.headers, 'content-length') ?? 0)
      if (declared > maxBytes) return failed(tooLarge(`is ${declared} bytes`, maxBytes))
      const body = await read(request.body, maxBytes, call)
      return body.ok ? next({ ...request, body: body.value }, call) : body
    }
  }
}

function read(body: Readable, maxBytes: number, call: Call): Promise<Result<Uint8Array>> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const settle = (result: Result<Uint8Array>): void => {
      body.off('data', onData).off('end', onEnd).off('error', onError)
      call.scope.remove(listener)
      resolve(result)
    }
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length
      if (bytes > maxBytes) {
        body.pause()
        settle(failed(tooLarge('is larger', maxBytes)))
      } else if (call.hold(chunk.length)) chunks.push(chunk)
      else {
        body.pause()
        call.emit({ type: 'call.shed', reason: 'memory' })
        settle(failed(noRoomFor('the request body')))
      }
    }
    const onEnd = (): void => settle(ok(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)))
    const onError = (cause: unknown): void => {
      settle(failed(failure('CLIENT_GONE', 'The client hung up before its request was complete', { cause })))
    }
    const listener: AbortListener = { onAbort: (reason) => settle(failed(reason)) }
    body.on('data', onData).on('end', onEnd).on('error', onError)
    // Last, because it settles at once if the call is already aborted.
    call.scope.add(listener)
  })
}

function tooLarge(what: string, maxBytes: number): Failure {
  return failure('BODY_TOO_LARGE', `The request body ${what}; allowed: up to ${maxBytes} bytes`)
}
