import type { EjectionReason, OutReason, TargetEvent } from '../../core/target-event.ts'
import { countOf } from '../../kit/count-of.ts'
import { formatDurationMs } from '../../kit/units.ts'

type EventOf<T extends TargetEvent['type']> = Extract<TargetEvent, { readonly type: T }>

const because: Readonly<Record<Exclude<EjectionReason, 'failures'>, string>> = {
  success_rate: 'it fails more often than the others',
  retry_after: 'it sent Retry-After',
}

const still: Readonly<Record<OutReason, string>> = {
  ejected: 'is still ejected',
  unhealthy: 'still fails its checks',
  resting: 'still rests as requested',
  breaker_open: 'its breaker is still open',
}

/** Formats one log line. Bad news are warnings. `getsDeliveries`: a route broadcasts to the upstream. */
export function healthLine(event: TargetEvent, getsDeliveries = false): [text: string, level: 'info' | 'warn'] {
  const [text, level] = lineOf(event)
  // Deliveries ignore ejections, checks and breakers: without this the line reads as if nothing were sent.
  const addition = getsDeliveries && level === 'warn' ? '; broadcast deliveries to it continue' : ''
  return [text + addition, level]
}

function lineOf(event: TargetEvent): [text: string, level: 'info' | 'warn'] {
  const { upstream, name } = event.target
  const target = `target ${name} of upstream ${upstream}`
  switch (event.type) {
    case 'target.ejected': {
      const forTime = formatDurationMs(Math.ceil(event.forMs / 1000) * 1000)
      const isResting = event.because === 'retry_after'
      return [`${target} ${isResting ? 'rests' : 'is ejected'} for ${forTime}: ${whyEjected(event)}`, 'warn']
    }
    case 'target.returned': {
      const { was, stillOut } = event
      if (stillOut.length === 0) return [`${target} is back`, 'info']
      const over = was === 'ejected' ? 'is no longer ejected' : 'no longer rests'
      return [`${target} ${over}, but ${stillOut.map((why) => still[why]).join(' and ')}`, 'info']
    }
    case 'target.health':
      return event.isHealthy
        ? [`${target} passes its checks again: ${event.detail}`, 'info']
        : [`${target} fails its checks: ${event.detail}`, 'warn']
    case 'breaker.changed':
      if (event.to === 'open') return [`the breaker of ${target} is open${openText(event)}`, 'warn']
      return [`the breaker of ${target} is ${event.to.replace('_', ' ')}, was ${event.from.replace('_', ' ')}`, 'info']
  }
}

function whyEjected({ because: reason, inARow, last }: EventOf<'target.ejected'>): string {
  if (reason !== 'failures') return because[reason]
  const count = inARow === undefined ? 'too many attempts' : countOf(inARow, 'attempt')
  return `${count} in a row failed${last === undefined ? '' : `, last: ${last}`}`
}

function openText({ forMs, opening }: EventOf<'breaker.changed'>): string {
  const forTime = forMs === undefined ? '' : ` for ${formatDurationMs(forMs)}`
  if (opening === undefined) return `${forTime} again: its trial attempt failed`
  const { failed, attempts, windowMs } = opening
  const share = `${Math.round((100 * failed) / Math.max(1, attempts))} %`
  return `${forTime}: ${failed} of ${countOf(attempts, 'attempt')} of the last ${formatDurationMs(windowMs)} failed (${share})`
}
