import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type AnswerHead, AnswerHeadReader, maxHeaderBytes } from './answer-head.ts'

function read(...pieces: readonly string[]): AnswerHead | string | undefined {
  const reader = new AnswerHeadReader()
  for (const piece of pieces) {
    const head = reader.read(piece)
    if (head !== undefined) return head
    if (reader.error !== '') return reader.error
  }
  return undefined
}

function headOf(...fields: readonly string[]): AnswerHead {
  const head = read(`HTTP/1.1 200 OK\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`)
  assert.ok(typeof head === 'object')
  return head
}

function errorOf(...fields: readonly string[]): unknown {
  return read(`HTTP/1.1 200 OK\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`)
}

describe('AnswerHeadReader', () => {
  it('returns the status and the end-to-end fields, as spelt, with values trimmed', () => {
    const { status, headers } = headOf(
      'Server:  nginx \t',
      'X-Empty:',
      'x-latin:caf\xe9',
      'X-Request-Id: its-own',
      'TE: x',
    )
    assert.equal(status, 200)
    assert.deepEqual(headers, ['Server', 'nginx', 'X-Empty', '', 'x-latin', 'caf\xe9'])
  })

  it('reads the same head wherever its pieces are split', () => {
    const text = 'HTTP/1.1 404 Not Found\r\nContent-Length: 12\r\nConnection: X-A, close\r\nX-A: 1\r\nX-B: 2\r\n\r\n'
    const whole = read(text)
    assert.deepEqual(whole, {
      status: 404,
      headers: ['Content-Length', '12', 'X-B', '2'],
      contentLength: 12,
      isChunked: false,
      keepsAlive: false,
      keepAliveHintMs: undefined,
      isUpgrade: false,
    })
    for (let cut = 1; cut < text.length; cut++) assert.deepEqual(read(text.slice(0, cut), text.slice(cut)), whole)
    assert.deepEqual(read(...text), whole)
  })

  it('reports where the head ends within the last piece', () => {
    const reader = new AnswerHeadReader()
    for (const [text, taken] of [
      ['HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody', 25],
      // The same head again, which is compared instead of parsed.
      ['HTTP/1.1 200 OK\r\nA: b\r\n\r\nother', 25],
      ['HTTP/1.1 200 OK\r\n\r\nbody', 19],
    ] as const) {
      assert.equal(reader.read(text)?.status, 200)
      assert.equal(reader.taken, taken)
    }
    assert.equal(reader.read('HTTP/1.1 200 O'), undefined)
    assert.equal(reader.read('K\r\n\r\nbody')?.status, 200)
    assert.equal(reader.taken, 5)
  })

  it('accepts a status line with an empty or missing reason', () => {
    for (const line of ['HTTP/1.1 204', 'HTTP/1.1 204 ', 'HTTP/1.1 204 \xfcblich']) {
      assert.equal((read(`${line}\r\n\r\n`) as AnswerHead).status, 204)
    }
  })

  it('decides on keep-alive by version and Connection', () => {
    const keeps = (start: string, ...fields: string[]): unknown =>
      (read([`${start} 200 OK`, ...fields, '', ''].join('\r\n')) as AnswerHead).keepsAlive
    assert.equal(keeps('HTTP/1.1'), true)
    assert.equal(keeps('HTTP/1.1', 'Connection: x, Close'), false)
    assert.equal(keeps('HTTP/1.1', 'Connection: keep-alive', 'Connection: close'), false)
    assert.equal(keeps('HTTP/1.0'), false)
    assert.equal(keeps('HTTP/1.0', 'Connection: Keep-Alive'), true)
    assert.equal(keeps('HTTP/1.0', 'Connection: keep-alive', 'Transfer-Encoding: chunked'), false)
  })

  it('reads the timeout of Keep-Alive', () => {
    assert.equal(headOf('Keep-Alive: timeout=5, max=100').keepAliveHintMs, 5000)
    assert.equal(headOf('Keep-Alive: max=100').keepAliveHintMs, undefined)
  })

  it('refuses a head with ambiguous body framing', () => {
    for (const fields of [
      ['Content-Length: 5', 'Content-Length: 6'],
      ['Content-Length: 5', 'content-length: 5'],
      ['Content-Length: 5', 'Transfer-Encoding: chunked'],
      ['Transfer-Encoding: chunked', 'Content-Length: 5'],
      ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
      ['Transfer-Encoding: gzip, chunked'],
      ['Transfer-Encoding: identity'],
      ['Transfer-Encoding:'],
      ['Transfer-Encoding: chunked\t'],
    ]) {
      assert.match(String(errorOf(...fields)), /Content-Length|Transfer-Encoding/, fields.join())
    }
  })

  for (const length of ['', ' ', '+5', '-5', '5,5', '5 5', '0x5', '5.0', '1e3', '\u00b2', '1'.repeat(16)]) {
    it(`refuses the Content-Length ${JSON.stringify(length)}`, () => {
      assert.equal(errorOf(`Content-Length: ${length}`), 'an invalid Content-Length')
    })
  }

  for (const line of [
    'X-A : b',
    ': b',
    'X A: b',
    'no colon',
    ' folded: b',
    '\tfolded: b',
    'X-A: b\0c',
    'X-A: b\x7f',
    'X-A: b\rX-B: c',
    'X-A: b\nX-B: c',
    'X-\xe9: b',
  ]) {
    it(`refuses the field line ${JSON.stringify(line)}`, () => {
      assert.match(String(errorOf('X-First: 1', line)), /line/)
    })
  }

  for (const line of [
    'HTTP/1.1 20 OK',
    'HTTP/1.1 2000 OK',
    'HTTP/1.1  200 OK',
    'HTTP/1.1 099 OK',
    'HTTP/2.0 200 OK',
    'ICY 200 OK',
  ]) {
    it(`refuses the status line ${line} at once`, () => {
      assert.equal(read(`${line}\r\n`), 'no status line')
    })
  }

  it('refuses a line that ends with LF alone', () => {
    assert.equal(read('HTTP/1.1 200 OK\n'), 'no status line')
    assert.equal(read('HTTP/1.1 200 OK\r\nA: b\n'), 'no field line')
    assert.equal(read('HTTP/1.1 200 OK\r\nA: b\r\n\r!'), 'a line that ends with CR alone')
  })

  it('refuses a head over the size limit at once, complete or not', () => {
    const line = `X-A: ${'b'.repeat(1000)}\r\n`
    const most = line.repeat(16)
    assert.ok(maxHeaderBytes - most.length > 200)
    assert.equal((read(`HTTP/1.1 200 OK\r\n${most}\r\n`) as AnswerHead).status, 200)
    assert.equal(read(`HTTP/1.1 200 OK\r\n${most}${line}\r\n`), 'header too large')
    assert.equal(read('HTTP/1.1 200 OK\r\n', ...line.repeat(17)), 'header too large')
    assert.equal(read(`HTTP/1.1 200 OK\r\nX-A: ${'b'.repeat(maxHeaderBytes)}`), 'header too large')
  })
})
