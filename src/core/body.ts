import type { Failure } from './failure.ts'
import type { HeaderPairs } from './headers.ts'

/** Receives a body as it arrives. Exactly one of `end` and `fail` is called, once, as the last call. */
export interface BodySink {
  /**
   * Returns false to pause the flow until the sink calls `resume` on the stream. A sink calls `spent` once nobody needs
   * the bytes any more: they may then be overwritten. A sink that keeps the bytes never calls it.
   */
  write(chunk: Uint8Array, spent?: () => void): boolean
  end(trailers: HeaderPairs): void
  fail(failure: Failure): void
}

/** Notified once when a body is over. `failure`: why it broke off; undefined if it is complete or was discarded. */
export interface BodyWatcher {
  onBodyOver(failure: Failure | undefined): void
}

/** A body that is still arriving. It holds its connection until it has ended, failed or been discarded. */
export interface BodyStream {
  /** Starts the flow into the sink; once. */
  pipe(sink: BodySink): void
  /** Resumes a flow that the sink paused. */
  resume(): void
  /** Drops the rest of the body: closes its connection, or keeps it if only little is left to read. */
  discard(): void
  /** For bodies from a target: reports the end, immediately if already over. Wrappers may omit it. */
  watch?(watcher: BodyWatcher): void
}

/** `undefined`: no body (HEAD, 204, 304). */
export type ResponseBody = Uint8Array | BodyStream | undefined

/** Whether the whole body is in memory (or there is none), so that it can be read more than once. */
export function isHeld(body: ResponseBody): body is Uint8Array | undefined {
  return body === undefined || body instanceof Uint8Array
}
