import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { HeaderPairs } from '../../core/headers.ts'
import type { AnswerHead } from './answer-head.ts'
import { type AnswerHandler, AnswerReader } from './answer-reader.ts'

/** Records the calls of an AnswerReader, in a few words each. */
class Told implements AnswerHandler {
  readonly words: string[] = []

  onWhole({ status }: AnswerHead, bytes: Buffer, from: number, to: number): void {
    this.words.push(`whole ${status} ${bytes.toString('latin1', from, to)}`)
  }
  onHead({ status }: AnswerHead): void {
    this.words.push(`head ${status}`)
  }
  onBody(bytes: Buffer, from: number, to: number): void {
    this.words.push(bytes.toString('latin1', from, to))
  }
  onEnd(trailers: HeaderPairs): void {
    this.words.push(`end ${trailers.join()}`)
  }
  onUpgrade({ status }: AnswerHead): void {
    this.words.push(`upgrade ${status}`)
  }
}

interface Asked {
  readonly method?: string
  readonly upgrades?: boolean
}

function reading({ method = 'GET', upgrades = false }: Asked = {}) {
  const reader = new AnswerReader()
  const told = new Told()
  reader.expect(told, method, upgrades)
  const read = (text: string): number => {
    const bytes = Buffer.from(text, 'latin1')
    return reader.read(bytes, bytes.length)
  }
  return { reader, told: told.words, read }
}

const ok = 'HTTP/1.1 200 OK\r\n'

describe('AnswerReader', () => {
  it('reports an answer in one piece as a whole, and leaves the bytes after it', () => {
    const { reader, told, read } = reading()
    const answer = `${ok}Content-Length: 4\r\n\r\nbody`
    assert.equal(read(`${answer}HTTP/1.1 200 OK`), answer.length)
    assert.deepEqual(told, ['whole 200 body'])
    assert.equal(reader.isIdle, true)
    assert.equal(reader.keepsAlive, true)
  })

  it('reports an answer in several pieces as they arrive', () => {
    const { reader, told, read } = reading()
    for (const piece of [`${ok}Content-Len`, 'gth: 6\r\n\r\na', 'b', 'cde']) assert.equal(read(piece), piece.length)
    assert.equal(reader.isIdle, false)
    assert.equal(read('fg'), 1)
    assert.deepEqual(told, ['head 200', 'a', 'b', 'cde', 'f', 'end '])
    assert.equal(reader.isIdle, true)
  })

  it('reads a chunked answer with trailers', () => {
    const { reader, told, read } = reading()
    assert.ok(read(`${ok}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n`) > 0)
    assert.equal(read('0\r\nX-Sum: 1\r\n\r\nX'), 15)
    assert.deepEqual(told, ['head 200', 'abc', 'end X-Sum,1'])
    assert.equal(reader.keepsAlive, true)
  })

  it('accepts the end of the connection only for an answer without framing', () => {
    const open = reading()
    open.read(`${ok}\r\nabc`)
    assert.equal(open.reader.end(), true)
    assert.deepEqual(open.told, ['head 200', 'abc', 'end '])
    assert.equal(open.reader.keepsAlive, false)
    for (const text of ['', ok, `${ok}Content-Length: 4\r\n\r\nabc`, `${ok}Transfer-Encoding: chunked\r\n\r\n0\r\n`]) {
      const cut = reading()
      cut.read(text)
      assert.equal(cut.reader.end(), false, text)
    }
  })

  it('reads no body after HEAD, 204 or 304, whatever the answer declares', () => {
    for (const [method, status, keeps] of [
      ['HEAD', 200, true],
      ['GET', 204, false],
      ['GET', 304, false],
    ] as const) {
      for (const field of ['Content-Length: 4', 'Transfer-Encoding: chunked']) {
        const { reader, told, read } = reading({ method })
        const head = `HTTP/1.1 ${status} X\r\n${field}\r\n\r\n`
        assert.equal(read(`${head}body`), head.length)
        assert.deepEqual(told, [`whole ${status} `])
        assert.equal(reader.keepsAlive, keeps, `${method} ${status}`)
      }
    }
  })

  it('skips informational answers up to a limit', () => {
    const hint = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'
    const { told, read } = reading()
    assert.ok(read(`HTTP/1.1 100 Continue\r\n\r\n${hint}${ok}Content-Length: 1\r\n\r\na`) > 0)
    assert.deepEqual(told, ['whole 200 a'])
    const endless = reading()
    assert.equal(endless.read(hint.repeat(33)), -1)
    assert.deepEqual(endless.told, [])
    assert.equal(reading().read('HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\n'), -1)
  })

  it('accepts 101 only if an upgrade was requested and all its fields are present', () => {
    const switching = 'HTTP/1.1 101 Switching\r\n'
    const given = `${switching}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`
    const { told, read } = reading({ upgrades: true })
    assert.equal(read(`${given}frame`), given.length)
    assert.deepEqual(told, ['upgrade 101'])
    assert.equal(reading().read(given), -1)
    assert.equal(reading({ upgrades: true }).read(`${switching}\r\n`), -1)
  })

  it('reports nothing after stop()', () => {
    const { reader, told, read } = reading()
    read(`${ok}Content-Length: 4\r\n\r\na`)
    reader.stop()
    assert.equal(read('bcd'), 0)
    assert.equal(reader.end(), false)
    assert.deepEqual(told, ['head 200', 'a'])
  })

  it('reports why an answer is malformed', () => {
    const { reader, read } = reading()
    assert.equal(read('SSH-2.0-OpenSSH_9.6\r\n'), -1)
    assert.equal(reader.error, 'no status line')
  })
})
