import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ChunkedBody } from './chunked-body.ts'

interface Read {
  readonly body: string
  /** Bytes that belong to the body, or -1. */
  readonly taken: number
  readonly trailers: readonly string[] | undefined
}

function read(...pieces: readonly string[]): Read {
  const chunks = new ChunkedBody()
  let body = ''
  let taken = 0
  for (const piece of pieces) {
    const bytes = Buffer.from(piece, 'latin1')
    const at = chunks.read(bytes, 0, bytes.length)
    body += bytes.toString('latin1', chunks.from, chunks.to)
    if (at < 0) return { body, taken: -1, trailers: undefined }
    taken += at
    if (chunks.isWhole) break
  }
  return { body, taken, trailers: chunks.isWhole ? chunks.trailers : undefined }
}

describe('ChunkedBody', () => {
  const text = '5\r\nhello\r\n06;a;b=c;d="e;\\"\r\nf"\r\n world\r\n'.replace('\r\nf', '') + '0\r\n\r\n'

  it('joins the payloads in one piece and reports where the body ends', () => {
    assert.deepEqual(read(`${text}next`), { body: 'hello world', taken: text.length, trailers: [] })
  })

  it('reads the same body wherever its pieces are split', () => {
    const whole = read(text)
    for (let cut = 1; cut < text.length; cut++) assert.deepEqual(read(text.slice(0, cut), text.slice(cut)), whole)
    assert.deepEqual(read(...text), whole)
  })

  it('returns the trailers without hop-by-hop fields', () => {
    const { trailers } = read('0\r\nX-Sum: 1\r\nConnection: x\r\nx-more:\r\n\r\n')
    assert.deepEqual(trailers, ['X-Sum', '1', 'x-more', ''])
  })

  for (const [name, bytes] of [
    ['no size', '\r\n'],
    ['an extension without a size', ';a\r\n'],
    ['a size that is not a number', 'g\r\n'],
    ['a size with a sign', '+5\r\nhello'],
    ['a size with a 0x prefix', '0x5\r\nhello'],
    ['a space after the size', '5 \r\nhello'],
    ['a size that ends with LF alone', '5\nhello'],
    ['a size that ends with CR alone', '5\rhello'],
    ['a size larger than a number holds', '1'.repeat(13)],
    ['endless zeros', '0'.repeat(13)],
    ['an extension without a name', '5;\r\n'],
    ['an extension with a space', '5;a b\r\n'],
    ['an extension with a line feed', '5;a\nb\r\n'],
    ['an extension with a line break in quotes', '5;a="\r\n"\r\n'],
    ['an extension with no value', '5;a=\r\n'],
    ['text after a quoted value', '5;a="b"c\r\n'],
    ['endless extensions', `5;${'a'.repeat(300)}`],
    ['a payload longer than its size', '2\r\nhello\r\n'],
    ['a payload that ends with LF alone', '5\r\nhello\n0\r\n\r\n'],
    ['a trailer that is not a field', '0\r\nX A: b\r\n\r\n'],
    ['a trailer with a second length', '0\r\nContent-Length: 5\r\n\r\n'],
    ['a trailer with a second coding', '0\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['endless trailers', `0\r\n${'X-A: b\r\n'.repeat(3000)}`],
  ] as const) {
    it(`refuses a body with ${name}`, () => {
      assert.equal(read(bytes).taken, -1)
      assert.equal(read(...bytes).taken, -1)
    })
  }
})
