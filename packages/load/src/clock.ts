/** A scheduled action. `cancel` may be called at any time, also after the action has run. */
export interface Timer {
  cancel(): void
}

/** The source of time, which the caller passes in: tests pass one that stands still. */
export interface Clock {
  /** Fractional milliseconds since an arbitrary start; monotonic, unlike the wall clock. */
  now(): number
  /** Milliseconds since 1970, for timestamps that people and other machines read; it may jump. */
  wallNow(): number
  /** Runs `action` once, no earlier than `delayMs` from now. */
  after(delayMs: number, action: () => void): Timer
}
