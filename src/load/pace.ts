/** How fast requests follow each other. */
export type PaceOptions =
  /** Each user sends its next request when the last has ended. */
  | { readonly kind: 'closed'; readonly users: number }
  /** Requests are due at a fixed rate, whatever becomes of those before; at most so many at a time. */
  | { readonly kind: 'open'; readonly perSecond: number; readonly maxConnections: number }

/** Decides when to send. It does so through these. */
export interface PaceDeps {
  /** In the run's own time. */
  readonly now: () => number
  readonly after: (delayMs: number, action: () => void) => { cancel(): void }
  readonly launch: (dueMs: number) => void
  readonly inFlight: () => number
  /** How many more may be sent. */
  readonly left: () => number
}

export interface Pace {
  /** Begins, and takes up again whatever can be sent now. */
  pump(): void
  /** A request has ended. */
  ended(connectionFailed: boolean): void
  /** No more become due from now on; what is due already may still be sent. */
  dueEnds(): void
  /** Nothing more will be sent. */
  stop(): void
  /** Nothing more is due, nor waits to be sent. */
  readonly isDone: boolean
  /** What was due and has not been sent. */
  readonly unsent: number
}
