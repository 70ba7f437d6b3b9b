import type { Program } from '../kit/processes.ts'
import type { Stage } from '../kit/stage.ts'

export interface Plan {
  readonly stage: Stage
  /** The port to which it forwards everything. */
  readonly backendPort: number
}

export interface Running {
  readonly port: number
  /** Its process; it may have descendants. */
  readonly pid: number
}

/**
 * A proxy to compare with: one worker or thread, kept connections to the backend, no access log, `X-Forwarded-For` to
 * the backend, and a new request id to the backend and in the answer, so that all do the same work.
 */
export interface Peer {
  readonly name: string
  /** Requirements besides the npm packages. */
  readonly needs: readonly Program[]
  start(core: number, plan: Plan): Promise<Running>
}
