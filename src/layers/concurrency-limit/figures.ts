import type { LimiterFigures } from './limiter.ts'

/** Of all threads together, whichever of them is asked. */
export interface AdmissionFigures {
  readonly whole: LimiterFigures | undefined
  /** By name, those that have a limit. */
  readonly routes: Readonly<Record<string, LimiterFigures>>
}
