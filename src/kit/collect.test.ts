import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { failureOf } from '../../test/kit/calls.ts'
import { given } from '../../test/kit/results.ts'
import type { BodySink, BodyStream } from '../core/body.ts'
import { failure } from '../core/failure.ts'
import type { Result } from '../core/result.ts'
import { collect } from './collect.ts'

/** A body whose chunks the test delivers. */
class HandStream implements BodyStream {
  sink: BodySink | undefined
  discards = 0

  pipe(sink: BodySink): void {
    this.sink = sink
  }
  resume(): void {}
  discard(): void {
    this.discards++
  }
  write(text: string): void {
    this.sink?.write(Buffer.from(text))
  }
}

function textOf(result: Result<Uint8Array>): string {
  return result.ok ? Buffer.from(result.value).toString() : result.failure.code
}

describe('collect', () => {
  for (const [chunks, text] of [
    [[], ''],
    [['a'], 'a'],
    [['ab', '', 'c'], 'abc'],
  ] as const) {
    it(`joins ${chunks.length} chunks into ${JSON.stringify(text)}`, async () => {
      const stream = new HandStream()
      const whole = collect(stream, 100)
      for (const chunk of chunks) stream.write(chunk)
      stream.sink?.end([])
      assert.equal(textOf(await whole), text)
    })
  }

  /** A holder with room for this many bytes. */
  function holderOf(room: number) {
    const holder = {
      left: room,
      hold: (bytes: number): boolean => {
        if (bytes > holder.left) return false
        holder.left -= bytes
        return true
      },
      letGo: (bytes: number): void => {
        holder.left += bytes
      },
    }
    return holder
  }

  it('counts the bytes it holds, and leaves them counted once the body is whole', async () => {
    const holder = holderOf(10)
    const stream = new HandStream()
    const whole = collect(stream, 100, holder)
    stream.write('123')
    stream.write('4567')
    assert.equal(holder.left, 3)
    stream.sink?.end([])
    assert.equal(textOf(await whole), '1234567')
    assert.equal(holder.left, 3)
  })

  it('gives up when there is no room, releases its bytes and discards the rest once', async () => {
    const holder = holderOf(5)
    const stream = new HandStream()
    const whole = collect(stream, 100, holder)
    stream.write('1234')
    stream.write('56')
    const result = await whole
    const { code, source, retry, detail } = failureOf(result)
    assert.deepEqual([code, source, retry], ['OVERLOADED', 'gateway', 'no'])
    assert.match(detail, /memory\.held/)
    stream.write('7')
    assert.deepEqual([holder.left, stream.discards], [5, 1])
  })

  for (const [what, end] of [
    ['breaks off', (stream: HandStream) => stream.sink?.fail(failure('UPSTREAM_RESET', 'reset'))],
    ['is too large', (stream: HandStream) => stream.write('567')],
  ] as const) {
    it(`releases a body that ${what}`, async () => {
      const holder = holderOf(100)
      const stream = new HandStream()
      const whole = collect(stream, 6, holder)
      stream.write('1234')
      end(stream)
      await whole
      assert.equal(holder.left, 100)
    })
  }

  it('fails as soon as the limit is exceeded, and discards the rest once', async () => {
    const stream = new HandStream()
    const whole = collect(stream, 4)
    stream.write('1234')
    assert.equal(stream.discards, 0)
    stream.write('5')
    const result = await whole
    assert.equal(textOf(result), 'UPSTREAM_INVALID')
    assert.match(failureOf(result).detail, /larger than 4 bytes/)
    stream.write('6')
    assert.equal(stream.discards, 1)
  })

  it('passes on why the body broke off', async () => {
    const stream = new HandStream()
    const whole = collect(stream, 100)
    stream.write('12')
    const reason = failure('UPSTREAM_RESET', 'cut')
    stream.sink?.fail(reason)
    assert.equal(failureOf(await whole), reason)
  })

  it('returns exactly the bytes written, up to the limit', async () => {
    const chunk = fc.uint8Array({ maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(fc.array(chunk, { maxLength: 12 }), fc.nat(150), async (chunks, maxBytes) => {
        const stream = new HandStream()
        const whole = collect(stream, maxBytes)
        for (const bytes of chunks) stream.sink?.write(bytes)
        stream.sink?.end([])
        const all = Buffer.concat(chunks)
        const result = await whole
        if (all.length > maxBytes) assert.ok(!result.ok)
        else assert.deepEqual(Buffer.from(given(result)), all)
        assert.equal(stream.discards, all.length > maxBytes ? 1 : 0)
      }),
    )
  })
})
