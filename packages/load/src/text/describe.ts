import type { PaceOptions } from '../pace.ts'
import { answered, type Summary } from '../summary.ts'
import { formatCount, formatMs } from './format.ts'

/** A short description of the requested load. */
export function describePace(pace: PaceOptions): string {
  if (pace.kind === 'closed') return pace.users === 1 ? '1 user' : `${formatCount(pace.users)} users`
  return `${pace.perSecond} requests/s (open loop, at most ${formatCount(pace.maxConnections)} connections)`
}

/** Warnings to show above the figures. Empty if all went well. */
export function warnings(summary: Summary): readonly string[] {
  const { counts, end, elapsedMs, pace, testerBusy } = summary
  const found: string[] = []
  if (end === 'interrupted')
    found.push(`ABORTED: interrupted after ${formatMs(elapsedMs)}. The figures cover the time until then.`)
  if (end === 'target gone') {
    found.push(`ABORTED: the target was gone after ${formatMs(elapsedMs)}: no more connections could be opened.`)
  }
  if (end === 'finished' && counts.sent > 0 && answered(counts) === 0) found.push('FAILED: no request was answered.')
  if (counts.unsent > 0) {
    const limit =
      pace.kind === 'open' ? ` All ${formatCount(pace.maxConnections)} connections were busy; -c allows more.` : ''
    found.push(`${formatCount(counts.unsent)} requests were due but could not be sent in time.${limit}`)
  }
  if (testerBusy > 0.9) {
    found.push(
      `The load tester was busy ${Math.round(testerBusy * 100)} % of the time: the figures may show its own limits, not the target's.`,
    )
  }
  return found
}
