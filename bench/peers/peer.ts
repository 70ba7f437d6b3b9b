import type { Program } from '../kit/processes.ts'
import type { Stage } from '../kit/stage.ts'

export interface Plan {
  readonly stage: Stage
  /** To whom it passes everything on. */
  readonly backendPort: number
}

export interface Running {
  readonly port: number
  /** Its process; others may descend from it. */
  readonly pid: number
}

/**
 * A proxy to compare with: one worker or thread, kept connections to the backend, no access log, `X-Forwarded-For` to the
 * backend, and a new request id to the backend and in the answer, so that all do the same work.
 */
export interface Peer {
  readonly name: string
  /** What it takes besides what comes with the packages. */
  readonly needs: readonly Program[]
  start(core: number, plan: Plan): Promise<Running>
}
