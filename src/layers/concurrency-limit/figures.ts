import type { LimiterFigures } from './limiter.ts'

/** Totals of all threads, whichever thread answers. */
export interface AdmissionFigures {
  readonly whole: LimiterFigures | undefined
  /** Routes with a limit, by name. */
  readonly routes: Readonly<Record<string, LimiterFigures>>
}
