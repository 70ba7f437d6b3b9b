import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { codeOf, failureOf } from '../../../test/kit/calls.ts'
import { served } from '../../../test/kit/layers.ts'
import { streamsSettled } from '../../../test/kit/virtual-clock.ts'
import { failure } from '../../core/failure.ts'
import { HeldMemory } from '../../kit/held-memory.ts'
import { SharedMemory } from '../../kit/shared-memory.ts'
import { bufferBody } from './buffer-body.ts'

const limit = 10

/** A body that the test feeds by hand, as a client would. */
function sending(): Readable {
  return new Readable({ read: () => {} })
}

function held(body: Readable, headers: readonly string[] = []) {
  return served(() => bufferBody(limit), [{ afterMs: 0 }], { method: 'POST', body, headers })
}

function listenersOf(body: Readable): readonly number[] {
  return ['data', 'end', 'error'].map((event) => body.listenerCount(event))
}

describe('bufferBody', () => {
  it('waits for the whole body and passes it on in one piece', async () => {
    const body = sending()
    const before = listenersOf(body)
    const { upstream } = held(body)
    body.push('12345')
    await streamsSettled()
    assert.equal(upstream.seen.length, 0)
    body.push('67890')
    body.push(null)
    await streamsSettled()
    assert.deepEqual(upstream.seen[0]?.request.body, Buffer.from('1234567890'))
    assert.deepEqual(listenersOf(body), before)
  })

  it('refuses a body without memory for it, which stays counted until its call ends', async () => {
    const memory = new HeldMemory(new SharedMemory(), 4096)
    const bodies = [sending(), sending()]
    const [kept, refused] = bodies.map((body) => served(() => bufferBody(8192), [], { method: 'POST', body }, memory))
    bodies[0]?.push(Buffer.alloc(3000))
    bodies[0]?.push(null)
    bodies[1]?.push(Buffer.alloc(3000))
    await streamsSettled()
    assert.equal(kept?.upstream.seen.length, 1)
    const { code, source } = failureOf(refused?.answer.outcome)
    assert.deepEqual([code, source], ['OVERLOADED', 'gateway'])
    assert.deepEqual(refused?.events, [{ type: 'call.shed', reason: 'memory' }])
    assert.equal(memory.bytes, 3072)
    kept?.call.release()
    assert.equal(memory.bytes, 0)
  })

  it('passes on an empty body as an empty one', async () => {
    const { upstream } = held(Readable.from([]))
    await streamsSettled()
    assert.deepEqual(upstream.seen[0]?.request.body, Buffer.alloc(0))
  })

  for (const body of [undefined, Buffer.from('x'.repeat(100))]) {
    it(`has nothing to do for ${body === undefined ? 'no body' : 'one that is held already'}`, async () => {
      const { upstream } = served(() => bufferBody(limit), [], { body })
      assert.equal(upstream.seen[0]?.request.body, body)
    })
  }

  it('refuses a declared length above the limit before reading, and names both', async () => {
    const body = sending()
    const { clock, upstream, answer } = held(body, ['Content-Length', '11'])
    await clock.advance(0)
    const { code, detail } = failureOf(answer.outcome)
    assert.equal(code, 'BODY_TOO_LARGE')
    assert.equal(detail, 'The request body is 11 bytes; allowed: up to 10 bytes')
    assert.deepEqual([upstream.seen.length, body.readableFlowing], [0, null])
  })

  it('accepts a declared length equal to the limit', async () => {
    const { upstream } = held(Readable.from([Buffer.alloc(10)]), ['content-length', '10'])
    await streamsSettled()
    assert.equal(upstream.seen.length, 1)
  })

  it('refuses a body without a length as soon as it is too large, and stops reading', async () => {
    const body = sending()
    const { upstream, answer } = held(body)
    body.push('12345')
    body.push('678901')
    await streamsSettled()
    assert.equal(codeOf(answer.outcome), 'BODY_TOO_LARGE')
    assert.deepEqual([upstream.seen.length, body.isPaused()], [0, true])
    assert.deepEqual(listenersOf(body), [0, 0, 0])
  })

  it('is not fooled by a declared length that is too small', async () => {
    const body = sending()
    const { answer } = held(body, ['content-length', '2'])
    body.push('x'.repeat(11))
    await streamsSettled()
    assert.equal(codeOf(answer.outcome), 'BODY_TOO_LARGE')
  })

  it('ends with CLIENT_GONE when the client disconnects midway', async () => {
    const body = sending()
    const { upstream, answer } = held(body)
    body.push('12345')
    await streamsSettled()
    body.destroy(new Error('aborted'))
    await streamsSettled()
    assert.equal(codeOf(answer.outcome), 'CLIENT_GONE')
    assert.equal(upstream.seen.length, 0)
  })

  for (const code of ['DEADLINE', 'CLIENT_GONE'] as const) {
    it(`ends at once with ${code} when the call does, and releases the body`, async () => {
      const body = sending()
      const before = listenersOf(body)
      const { call, upstream, answer } = held(body)
      body.push('12345')
      await streamsSettled()
      call.abort(failure(code, 'over'))
      await streamsSettled()
      assert.equal(codeOf(answer.outcome), code)
      assert.deepEqual(listenersOf(body), before)
      assert.equal(upstream.seen.length, 0)
    })
  }

  it('does not start reading for a call that is already aborted', async () => {
    const body = sending()
    const before = listenersOf(body)
    const { answer } = served(
      () => (next) => (request, call) => {
        call.abort(failure('CLIENT_GONE', 'gone'))
        return bufferBody(limit)(next)(request, call)
      },
      [],
      { body },
    )
    await streamsSettled()
    assert.equal(codeOf(answer.outcome), 'CLIENT_GONE')
    assert.deepEqual(listenersOf(body), before)
  })

  it('passes on exactly the bytes sent, in any pieces, or refuses them', async () => {
    const chunk = fc.uint8Array({ minLength: 1, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(fc.array(chunk, { maxLength: 5 }), async (chunks) => {
        const { upstream, answer } = held(Readable.from(chunks.map((bytes) => Buffer.from(bytes))))
        for (let turn = 0; turn < 20; turn++) await streamsSettled()
        const all = Buffer.concat(chunks)
        if (all.length > limit) assert.equal(codeOf(answer.outcome), 'BODY_TOO_LARGE')
        else assert.deepEqual(upstream.seen[0]?.request.body, all)
      }),
    )
  })
})
