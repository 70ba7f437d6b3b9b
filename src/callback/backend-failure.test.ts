import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../../test/kit/virtual-clock.ts'
import type { BodySink, BodyStream, ResponseBody } from '../core/body.ts'
import { type Failure, failure } from '../core/failure.ts'
import { backendFailed, backendRefused } from './backend-failure.ts'

function refused(body: ResponseBody | string, contentType = 'text/plain', status = 400): Promise<Failure> {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  const headers = contentType === '' ? [] : ['Content-Type', contentType]
  return backendRefused({ status, headers, body: bytes, attempt: undefined, upgraded: undefined }, new VirtualClock())
}

async function said(body: ResponseBody | string, contentType?: string, status?: number): Promise<string> {
  const { detail } = await refused(body, contentType, status)
  const prefix = 'Backend failed with: '
  assert.ok(detail.startsWith(prefix))
  return detail.slice(prefix.length)
}

/** A body whose chunks the test feeds. */
function streaming(feed: (sink: BodySink) => void): BodyStream & { discarded: boolean } {
  const stream = {
    discarded: false,
    pipe: (sink: BodySink) => feed(sink),
    resume: () => {},
    discard: () => {
      stream.discarded = true
    },
  }
  return stream
}

describe('a backend that does not take the work', () => {
  it('is reported with its message', async () => {
    const { code, detail, upstreamStatus, source } = await refused('Delay is not a number')
    assert.deepEqual(
      [code, detail, upstreamStatus, source],
      ['UPSTREAM_STATUS', 'Backend failed with: Delay is not a number', 400, 'upstream'],
    )
  })

  for (const [body, message] of [
    ['{"detail":"d","message":"m"}', 'd'],
    ['{"message":"m","error":"e","title":"t"}', 'm'],
    ['{"error":"e","error_description":"why"}', 'why'],
    ['{"error":{"code":1},"title":"t"}', 't'],
    ['{"detail":7,"error":"e"}', 'e'],
    ['"just text"', 'just text'],
    ['{"other":1}', 'status 400'],
    ['{"detail":""}', 'status 400'],
    ['[{"detail":"d"}]', 'status 400'],
    ['{"detail":', 'status 400'],
    ['null', 'status 400'],
    ['{"__proto__":{"detail":"d"}}', 'status 400'],
  ] as const) {
    it(`is reported as ${JSON.stringify(message)} for the JSON ${body}`, async () => {
      assert.equal(await said(body, 'application/problem+json; charset=utf-8'), message)
      assert.equal(await said(body, 'application/json'), message)
    })
  }

  it('is reported by its status if its body is unreadable', async () => {
    for (const body of [undefined, '', ' \n\t ', '<!doctype html><p>oops', '  <error/>']) {
      assert.equal(await said(body, 'text/html', 503), 'status 503')
    }
    assert.equal(await said('plain', '', 500), 'plain')
  })

  it('is reported on one line, without control characters, and cut to a maximum length', async () => {
    assert.equal(await said('a\r\n\r\nb\t\u001b[31mc\u0000\u009bd\u2028e'), 'a b [31mc d e')
    assert.equal((await said('x'.repeat(4000))).length, 300)
  })

  it('is reported with well-formed text, wherever it is cut', async () => {
    assert.ok((await said(`${'x'.repeat(299)}😀`)).isWellFormed())
    await said(Buffer.from([0xff, 0xfe, 0xc3, 0x28]))
  })

  it('is read to its end if its body is still arriving, up to a few KiB', async () => {
    const parts = streaming((sink) => {
      sink.write(Buffer.from('not '))
      sink.write(Buffer.from('today'))
      sink.end([])
    })
    assert.equal(await said(parts), 'not today')
    const endless = streaming((sink) => {
      for (let n = 0; n < 100; n++) sink.write(Buffer.alloc(1000, 'x'))
    })
    assert.equal(await said(endless), 'status 400')
    assert.equal(endless.discarded, true)
  })

  it('is reported by its status if its body breaks off', async () => {
    const broken = streaming((sink) => {
      sink.write(Buffer.from('not to'))
      sink.fail(failure('UPSTREAM_RESET', 'gone'))
    })
    assert.equal(await said(broken), 'status 400')
  })
})

describe('a backend that does not answer', () => {
  it('is reported with the reason, its code, and when to retry', () => {
    const reason = failure('UPSTREAM_REFUSED', 'async: connection refused', {
      retryAfterMs: 7000,
      cause: new Error('x'),
    })
    const { code, detail, retryAfterMs, cause, ticket } = backendFailed(reason)
    assert.deepEqual(
      [code, detail, retryAfterMs, cause, ticket],
      ['UPSTREAM_REFUSED', 'Backend failed with: async: connection refused', 7000, undefined, undefined],
    )
  })
})
