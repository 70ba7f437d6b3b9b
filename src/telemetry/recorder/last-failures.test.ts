import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { targetOf } from '../../../test/kit/calls.ts'
import { VirtualClock } from '../../../test/kit/virtual-clock.ts'
import type { Attempt, AttemptOutcome } from '../../core/attempt.ts'
import { EventBus } from '../../kit/event-bus.ts'
import { LiveCall } from '../../kit/live-call.ts'
import { LastFailures } from './last-failures.ts'

function opened() {
  const clock = new VirtualClock()
  const events = new EventBus()
  const failures = new LastFailures({ clock, events })
  const route = { name: 'GET /a', strategy: 'forward', idleTimeoutMs: 0 }
  const call = new LiveCall({ id: 'id', route, clock, events })
  const end = (target: string, outcome: AttemptOutcome, detail?: string): Attempt => {
    const attempt = Object.assign(call.begin(targetOf(target)), { outcome, detail, status: 500 })
    call.emit({ type: 'attempt.ended', attempt })
    return attempt
  }
  return { clock, failures, call, end }
}

describe('LastFailures', () => {
  it('keeps the last failure of each target', async () => {
    const { clock, failures, end } = opened()
    end('a', 'refused', 'Nobody listens')
    await clock.advance(5)
    end('a', 'server_error')
    end('a', 'success')
    end('a', 'cancelled')
    end('b', 'timeout', 'It was silent')
    const { upstream } = targetOf('a')
    assert.deepEqual(failures.list(), [
      { upstream, target: 'a', atMs: clock.wallNow(), detail: 'It answered 500' },
      { upstream, target: 'b', atMs: clock.wallNow(), detail: 'It was silent' },
    ])
  })

  it('counts a truncated answer as a failure although its head was good', () => {
    const { failures, call, end } = opened()
    const attempt = end('a', 'success')
    Object.assign(attempt, { outcome: 'reset', detail: 'It closed in the middle' })
    call.emit({ type: 'attempt.broken', attempt, was: 'success' })
    assert.equal(failures.list()[0]?.detail, 'It closed in the middle')
  })

  it('drops targets that left the configuration, and stops listening', () => {
    const { failures, end } = opened()
    end('a', 'refused')
    end('b', 'refused')
    failures.keepOnly([targetOf('b')])
    assert.deepEqual(
      failures.list().map(({ target }) => target),
      ['b'],
    )
    failures.keepOnly([])
    failures.close()
    end('a', 'refused')
    assert.deepEqual(failures.list(), [])
  })
})
