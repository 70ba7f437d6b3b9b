import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { EventParser } from './sse.ts'

describe('server-sent events', () => {
  it('are the same wherever the stream is cut', () => {
    const text =
      ': hello\n\nevent: figures\ndata: {"a":\ndata: 1}\n\r\ndata: plain\n\nevent: nothing\n\ndata: unfinished\n'
    const expected = [
      { event: 'figures', data: '{"a":\n1}' },
      { event: 'message', data: 'plain' },
    ]
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: text.length })), (cuts) => {
        const places = [0, ...cuts.toSorted((a, b) => a - b), text.length]
        const parser = new EventParser()
        const events = places.slice(1).flatMap((end, i) => parser.push(text.slice(places[i], end)))
        assert.deepEqual(events, expected)
      }),
    )
  })

  it('may have any of the line endings', () => {
    for (const end of ['\n', '\r\n', '\r']) {
      const parser = new EventParser()
      const events = [...parser.push(`data: 1${end}${end}data: 2${end}${end}`), ...parser.push(`data: 3${end}${end}x`)]
      assert.deepEqual(
        events.map(({ data }) => data),
        ['1', '2', '3'],
      )
    }
  })
})
