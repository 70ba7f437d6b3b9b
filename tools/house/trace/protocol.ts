/** Instructions to the tracer in the gateway's threads. */
export interface TracePlan {
  /** The checkout whose files are noted. */
  readonly root: string
  /** Writes to this port are noted. */
  readonly targetPort: number
  /** First lines inside of functions whose entry is noted; lines count from 0. */
  readonly entries: readonly { readonly file: string; readonly line: number }[]
}

/** Each thread sends its events since the last `reset`, which end with an `end`, in answer to both. */
export type TraceCommand = 'reset' | 'collect'

export interface TraceEvent {
  /** `end`: all that the thread did until the events were collected. */
  readonly kind: 'entry' | 'message' | 'write' | 'end'
  readonly thread: number
  /** Nanoseconds on the clock of the machine. */
  readonly at: number
  /** Files with a function called in this thread since the reset. */
  readonly called: readonly string[]
  readonly stack: readonly string[]
}
