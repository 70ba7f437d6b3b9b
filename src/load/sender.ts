import type { ErrorKind } from './error-kind.ts'
import type { LoadRequest } from './requests.ts'

/** What a request came to. */
export type Ending =
  | { readonly kind: 'answered'; readonly status: number }
  | { readonly kind: 'error'; readonly error: ErrorKind; readonly message: string }
  | { readonly kind: 'timed out' }
  | { readonly kind: 'abandoned' }

/** A request under way. */
export interface Exchange {
  /** Ends it as abandoned. */
  abandon(): void
}

/** Sends requests. `onEnd` is called exactly once for each, never before `send` has returned. */
export interface Sender {
  send(request: LoadRequest, onEnd: (ending: Ending) => void): Exchange
  /** At most so many connections; there are never more requests under way. */
  setLimit(connections: number): void
  /** Closes the connections that are kept. */
  close(): void
}
