import type { Failure } from './failure.ts'
import type { HeaderPairs } from './headers.ts'

/** Takes a body as it arrives. Exactly one of `end` and `fail` is called, once, and nothing after it. */
export interface BodySink {
  /**
   * Answers false when it wants no more until it calls `resume` of the stream. `spent` is for who knows when nobody needs
   * the bytes any more: they may be written over then. Whoever keeps them never calls it.
   */
  write(chunk: Uint8Array, spent?: () => void): boolean
  end(trailers: HeaderPairs): void
  fail(failure: Failure): void
}

/** Is told, once, that a body is over. `failure`: why it broke off; undefined where it is whole, or wanted no more. */
export interface BodyWatcher {
  onBodyOver(failure: Failure | undefined): void
}

/** A body that is still arriving. It holds its connection until it has ended, failed or been discarded. */
export interface BodyStream {
  /** Starts the flow into the sink; once. */
  pipe(sink: BodySink): void
  /** Lets a flow go on that the sink had stopped. */
  resume(): void
  /** Nobody wants the rest: its connection is closed, or kept if only little was left to read. */
  discard(): void
  /** Of what comes from a target: tells of its end, at once where that has been; whoever wraps it may leave it out. */
  watch?(watcher: BodyWatcher): void
}

/** `undefined`: there is no body (HEAD, 204, 304). */
export type ResponseBody = Uint8Array | BodyStream | undefined

/** Whether the body is whole in memory (or none), so that it can be read more than once. */
export function isHeld(body: ResponseBody): body is Uint8Array | undefined {
  return body === undefined || body instanceof Uint8Array
}
