import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { someTerms } from '../../../test/kit/callbacks.ts'
import { requestOf, targetOf } from '../../../test/kit/calls.ts'
import { VirtualClock } from '../../../test/kit/virtual-clock.ts'
import type { Inspector } from '../../admin/inspector.ts'
import { Waiters } from '../../callback/waiter.ts'
import { failure } from '../../core/failure.ts'
import { EventBus } from '../../kit/event-bus.ts'
import { LiveCall } from '../../kit/live-call.ts'
import { processProbe } from '../../kit/process-probe.ts'
import { LastFailures } from '../../telemetry/recorder/last-failures.ts'
import { Recorder } from '../../telemetry/recorder/recorder.ts'
import { Redaction } from '../../telemetry/redact.ts'
import { noConnections } from '../../transport/server/connection-counts.ts'
import { type LocalParts, localInspector } from './local.ts'

const anyCall = { which: undefined, route: undefined, limit: 10 }
const questions: readonly ((view: Inspector) => Promise<unknown>)[] = [
  (view) => view.calls(anyCall),
  (view) => view.call('id'),
  (view) => view.connections(),
  (view) => view.targetConnections(),
  (view) => view.lastFailures(),
  (view) => view.waiters(10),
  (view) => view.process(),
  (view) => view.dropped(),
  (view) => view.inFlight(),
]

describe('the view of a thread', () => {
  it('returns plain data, which can be posted to another thread unchanged', async (t) => {
    const clock = new VirtualClock()
    const events = new EventBus()
    const recorder = new Recorder({ clock, events, redaction: new Redaction({ headers: [], query: [] }) })
    const lastFailures = new LastFailures({ clock, events })
    const probe = processProbe(clock)
    t.after(() => probe.close())
    const route = { name: 'GET /a', strategy: 'forward', idleTimeoutMs: 0 }
    const call = new LiveCall({ id: 'id', route, clock, events })
    const attempt = Object.assign(call.begin(targetOf('a')), { outcome: 'refused', detail: 'Nobody listens' } as const)
    call.emit({ type: 'attempt.ended', attempt })
    const end = { status: 502, failure: failure('UPSTREAM_REFUSED', 'Nobody listens'), bytesSent: 0 }
    call.emit({ type: 'call.ended', request: requestOf(), end })
    const waiters = new Waiters()
    const facts = { id: 'w', route: 'POST /b', startedAtMs: 1, expiresAtMs: 2 }
    waiters.register({ ...facts, terms: someTerms }, () => {})
    const view = localInspector(() => ({
      front: { figures: () => noConnections, inFlight: () => 1 },
      recorder,
      lastFailures,
      callbacks: { waiters },
      process: probe,
      dropped: { spans: () => 3 },
    }))
    for (const question of questions) {
      const answer = await question(view)
      assert.deepEqual(structuredClone(answer), answer)
    }
    assert.equal((await view.call('id'))?.attempts[0]?.detail, 'Nobody listens')
    assert.equal((await view.lastFailures())[0]?.target, 'a')
    assert.deepEqual(await view.waiters(10), { open: 1, waiters: [{ ...facts, state: 'registered' }] })
    assert.deepEqual([await view.dropped(), await view.inFlight()], [{ spans: 3 }, 1])
  })

  it('is empty if the thread has none of the parts', async () => {
    const view = localInspector(() => ({}))
    const answers = await Promise.all(questions.map((question) => question(view)))
    assert.deepEqual(answers, [[], undefined, noConnections, {}, [], { open: 0, waiters: [] }, undefined, {}, 0])
  })

  it('reads the parts at the time of the request', async () => {
    let parts: LocalParts = {}
    const view = localInspector(() => parts)
    parts = { front: { figures: () => noConnections, inFlight: () => 5 } }
    assert.equal(await view.inFlight(), 5)
  })
})
