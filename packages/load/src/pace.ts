/** How fast requests follow each other. */
export type PaceOptions =
  /** Each user sends its next request when the last has ended. */
  | { readonly kind: 'closed'; readonly users: number }
  /** Requests are due at a fixed rate, however earlier ones end; at most `maxConnections` at once. */
  | { readonly kind: 'open'; readonly perSecond: number; readonly maxConnections: number }

/** The functions through which a pace sends. */
export interface PaceDeps {
  /** In the run's own time. */
  readonly now: () => number
  readonly after: (delayMs: number, action: () => void) => { cancel(): void }
  readonly launch: (dueMs: number) => void
  readonly inFlight: () => number
  /** How many more requests may be sent. */
  readonly left: () => number
}

export interface Pace {
  /** Starts, or continues, sending whatever can be sent now. */
  pump(): void
  /** Call this when a request has ended. */
  ended(connectionFailed: boolean): void
  /** No more requests become due; those already due may still be sent. */
  dueEnds(): void
  /** Nothing more will be sent. */
  stop(): void
  /** Whether no request is due, now or later. */
  readonly isDone: boolean
  /** The number of requests that were due but not sent. */
  readonly unsent: number
}
