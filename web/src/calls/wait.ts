import type { CallView } from '../../../src/admin/api.ts'
import { ms } from '../format.ts'

/** From when a backend took the work of a `callback` call to when the call ended, with the result or without. */
export interface Wait {
  readonly fromMs: number
  readonly toMs: number
  /** For beside its bar. */
  readonly text: string
}

export function waitOf({ strategy, attempts, durationMs, status, failure }: CallView): Wait | undefined {
  // An answer that did not acknowledge is the end of the call: then nothing was waited for.
  if (strategy !== 'callback' || failure?.code.startsWith('UPSTREAM') === true) return undefined
  const fromMs = attempts.findLast(({ outcome }) => outcome === 'success')?.endedMs
  if (fromMs === undefined || fromMs >= durationMs) return undefined
  const waited = ms(durationMs - fromMs)
  const isGone = status === 0 || failure?.code === 'CLIENT_GONE'
  const text = isGone ? `${waited}, then the client hung up` : `${waited}, then the client got ${status}`
  return { fromMs, toMs: durationMs, text: failure === undefined || isGone ? text : `none came within ${waited}` }
}
