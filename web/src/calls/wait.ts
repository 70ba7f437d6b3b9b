import type { CallView } from '../../../src/admin/api.ts'
import { ms } from '../format.ts'

/** The time from when a backend accepted a `callback` call's work to the end of the call, with or without a result. */
export interface Wait {
  readonly fromMs: number
  readonly toMs: number
  /** The label beside its bar. */
  readonly text: string
}

export function waitOf({ strategy, attempts, durationMs, status, failure }: CallView): Wait | undefined {
  // An answer without acknowledgement ends the call, so there was no wait.
  if (strategy !== 'callback' || failure?.code.startsWith('UPSTREAM') === true) return undefined
  const fromMs = attempts.findLast(({ outcome }) => outcome === 'success')?.endedMs
  if (fromMs === undefined || fromMs >= durationMs) return undefined
  const waited = ms(durationMs - fromMs)
  const isGone = status === 0 || failure?.code === 'CLIENT_GONE'
  const text = isGone ? `${waited}, then the client hung up` : `${waited}, then the client got ${status}`
  return { fromMs, toMs: durationMs, text: failure === undefined || isGone ? text : `none came within ${waited}` }
}
