import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bad, good, scene } from '../../test/kit/broadcast-scene.ts'
import { failureOf, textOf } from '../../test/kit/calls.ts'
import { resume } from '../../test/kit/resume.ts'
import { headerValue } from '../core/headers.ts'
import type { Outcome } from '../core/outcome.ts'

const keyed = { headers: ['idempotency-key', 'k1'] }

function statusOf(outcome: Outcome | undefined): number | string | undefined {
  if (outcome === undefined) return undefined
  return outcome.ok ? outcome.response.status : outcome.failure.code
}

describe('a repeated key', () => {
  it('never gets a success when one target is dead (respond: all)', async () => {
    const { clock, write } = scene((target) => (target === 'b' ? bad : good), { attempts: 1, respond: 'all' })
    const first = write(keyed).answer
    await clock.advance(10_000)
    const again = write(keyed).answer
    await clock.advance(10_000)
    assert.deepEqual(
      [first, again].map(({ outcome }) => statusOf(outcome)),
      ['BROADCAST_FAILED', 'BROADCAST_FAILED'],
    )
  })

  it('gets a failure at once when one target is dead and another pending (respond: all)', async () => {
    const hangs = { afterMs: 60_000, status: 201 }
    const { clock, write } = scene((target) => (target === 'b' ? bad : target === 'c' ? hangs : good), {
      attempts: 1,
      attemptTimeout: '2m',
      respond: 'all',
    })
    write(keyed)
    await clock.advance(1000)
    const { answer } = write(keyed)
    await clock.advance(1)
    assert.equal(failureOf(answer.outcome).code, 'BROADCAST_FAILED')
  })

  it('gets the first answer after a restart, even if others acknowledged since', async () => {
    const before = scene((target) => (target === 'a' ? { ...good, body: 'by a' } : bad))
    const { clock, store } = before
    before.write(keyed)
    await clock.advance(500)
    await Promise.all([before.deliveries.stop(0), clock.advance(10)])
    const after = scene((target) => (target === 'b' ? { ...good, body: 'by b' } : bad), {}, store, { clock })
    await resume(after.deliveries, store)
    const atOnce = after.write(keyed).answer
    await clock.advance(20_000)
    const later = after.write(keyed).answer
    await clock.advance(1000)
    assert.deepEqual([textOf(atOnce.outcome), textOf(later.outcome)], ['by a', 'by a'])
  })

  it('is another write when the lane differs, even if only a header sets the lane', async () => {
    const { clock, write } = scene(() => good, { order: { by: 'header:x-user' } })
    write({ headers: ['x-user', '7', ...keyed.headers] })
    await clock.advance(100)
    const { answer } = write({ headers: ['x-user', '8', ...keyed.headers] })
    await clock.advance(100)
    assert.equal(failureOf(answer.outcome).code, 'IDEMPOTENCY_MISMATCH')
  })

  for (const [what, headers] of [
    ['an empty key', ['idempotency-key', '']],
    ['a blank key', ['idempotency-key', '  ']],
    ['two keys', ['idempotency-key', 'a', 'Idempotency-Key', 'b']],
    ['a key of 2000 characters', ['idempotency-key', 'k'.repeat(2000)]],
  ] as const) {
    it(`is refused for ${what}, which other clients could share`, async () => {
      const { clock, write, upstream } = scene(() => good)
      const { answer } = write({ headers })
      await clock.advance(100)
      assert.equal(failureOf(answer.outcome).code, 'BAD_REQUEST')
      assert.equal(upstream.seen.length, 0)
    })
  }
})

describe('every answer', () => {
  it('links to the status of the write at the other targets', async () => {
    const { clock, write } = scene((target) => (target === 'a' ? good : bad), { attempts: 1 })
    const { answer } = write()
    await clock.advance(100)
    assert.ok(answer.outcome?.ok)
    const link = headerValue(answer.outcome.response.headers, 'link')
    assert.equal(link, '</_hedgerow/deliveries/id-1>; rel="status"')
  })

  it('links to the status when it is a failure', async () => {
    const { clock, write } = scene(() => bad, { attempts: 1 })
    const { answer } = write()
    await clock.advance(100)
    assert.deepEqual(failureOf(answer.outcome).headers, ['link', '</_hedgerow/deliveries/id-1>; rel="status"'])
  })
})

describe('a large answer', () => {
  it('is released from memory once the client has it, though a target is still pending', async () => {
    const { clock, write, deliveries } = scene((target) => (target === 'a' ? good : bad))
    for (const headers of [[], keyed.headers]) {
      write({ headers })
      await clock.advance(500)
    }
    for (const id of ['id-1', 'id-2']) {
      const delivery = deliveries.active(id)
      assert.ok(delivery?.isPending && delivery.isAnswered)
      assert.equal(delivery.answer, undefined)
    }
  })
})
