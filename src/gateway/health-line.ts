import type { EjectionReason, TargetEvent } from '../core/target-event.ts'
import { formatDurationMs } from '../kit/units.ts'

const because: Readonly<Record<EjectionReason, string>> = {
  failures: 'too many attempts in a row failed',
  success_rate: 'it fails more than the others',
  retry_after: 'it asked for it by Retry-After',
}

/** One line of the log. Bad news are warnings. */
export function healthLine(event: TargetEvent): [text: string, level: 'info' | 'warn'] {
  const { upstream, name } = event.target
  const target = `target ${name} of upstream ${upstream}`
  switch (event.type) {
    case 'target.ejected': {
      const forTime = formatDurationMs(Math.ceil(event.forMs / 1000) * 1000)
      const isResting = event.because === 'retry_after'
      return [`${target} is ${isResting ? 'left alone' : 'ejected'} for ${forTime}: ${because[event.because]}`, 'warn']
    }
    case 'target.returned':
      return [`${target} is back`, 'info']
    case 'target.health':
      return event.isHealthy
        ? [`${target} passes its checks again: ${event.detail}`, 'info']
        : [`${target} fails its checks: ${event.detail}`, 'warn']
    case 'breaker.changed':
      return [
        `the breaker of ${target} is ${event.to.replace('_', ' ')}, and was ${event.from.replace('_', ' ')}`,
        event.to === 'open' ? 'warn' : 'info',
      ]
  }
}
