import type { ErrorKind } from './error-kind.ts'
import type { LoadRequest } from './requests.ts'

/** How a request ended. */
export type Ending =
  | { readonly kind: 'answered'; readonly status: number }
  | { readonly kind: 'error'; readonly error: ErrorKind; readonly message: string }
  | { readonly kind: 'timed out' }
  | { readonly kind: 'abandoned' }

/** A request in flight. */
export interface Exchange {
  /** Ends it as abandoned. */
  abandon(): void
}

/** Sends requests. `onEnd` is called exactly once for each, and never before `send` has returned. */
export interface Sender {
  send(request: LoadRequest, onEnd: (ending: Ending) => void): Exchange
  /** The maximum number of connections; there are never more requests in flight. */
  setLimit(connections: number): void
  /** Closes idle connections. */
  close(): void
}
