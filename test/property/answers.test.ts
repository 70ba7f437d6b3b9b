import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { readByLlhttp, readByUs } from './answer-readers.ts'

/** A few seconds in the suite; `ANSWER_RUNS=1000000` for a night. */
const numRuns = Number(process.env['ANSWER_RUNS'] ?? 3000)

const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}$/)
const text = fc.stringMatching(/^[\t\x20-\x7e\x80-\xff]{0,20}$/)
const anyCase = (word: string) =>
  fc
    .array(fc.boolean(), { minLength: word.length, maxLength: word.length })
    .map((upper) => [...word].map((letter, i) => (upper[i] === true ? letter.toUpperCase() : letter)).join(''))
const usualField = fc.constantFrom(
  'Server: nginx',
  'Date: Sat, 17 Oct 2015 19:31:37 GMT',
  'Content-Type: text/plain',
  'Connection: keep-alive',
  'Connection: close',
  'Connection: Keep-Alive, X-A',
  'Keep-Alive: timeout=5',
  'Set-Cookie: a=b; c=d',
  'X-Request-Id: abc',
  'Upgrade: h2c',
  'X-Empty:',
)
const field = fc.oneof(
  usualField,
  fc
    .tuple(token, fc.constantFrom('', ' ', '  ', '\t'), text)
    .filter(([name]) => !/^(?:content-length|transfer-encoding|connection)$/i.test(name))
    .map(([name, gap, value]) => `${name}:${gap}${value}`),
)
const extension = fc.oneof(
  { weight: 5, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: token.map((name) => `;${name}`) },
  { weight: 1, arbitrary: fc.tuple(token, token).map(([name, value]) => `;${name}=${value}`) },
  { weight: 1, arbitrary: token.map((name) => `;${name}="a b;\\"c"`) },
)
const payload = fc.oneof(fc.string({ unit: 'binary-ascii', maxLength: 40 }), fc.constant('x'.repeat(5000)))
const chunk = fc
  .tuple(
    payload.filter((data) => data !== ''),
    extension,
    fc.constantFrom('', '0', '00'),
    fc.boolean(),
  )
  .map(([data, more, zeros, upper]) => {
    const size = data.length.toString(16)
    return `${zeros}${upper ? size.toUpperCase() : size}${more}\r\n${data}\r\n`
  })
const trailer = fc
  .tuple(token, text)
  .filter(([name]) => !/^(?:content-length|transfer-encoding)$/i.test(name))
  .map(([name, value]) => `${name}: ${value}\r\n`)

/** Matching framing field and body, after the status line. */
const framed = fc.oneof(
  fc.tuple(anyCase('content-length'), payload).map(([name, body]) => ({ line: `${name}: ${body.length}\r\n`, body })),
  fc
    .tuple(
      anyCase('transfer-encoding'),
      fc.constantFrom('chunked', 'Chunked'),
      fc.array(chunk, { maxLength: 4 }),
      fc.array(trailer, { maxLength: 2 }),
    )
    .map(([name, coding, chunks, trailers]) => ({
      line: `${name}: ${coding}\r\n`,
      body: `${chunks.join('')}0\r\n${trailers.join('')}\r\n`,
    })),
  payload.map((body) => ({ line: '', body })),
)
const status = fc.oneof(fc.constantFrom(200, 204, 304, 404, 503), fc.integer({ min: 200, max: 999 }))
const informational = fc.constantFrom(
  '',
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n',
)
const answer = fc
  .record({
    before: informational,
    version: fc.constantFrom('1.1', '1.1', '1.1', '1.0'),
    status,
    reason: fc.oneof(
      fc.constantFrom(' OK', ' ', ''),
      text.map((words) => ` ${words}`),
    ),
    first: fc.array(field, { maxLength: 4 }),
    framed,
    last: fc.array(field, { maxLength: 2 }),
    behind: fc.constantFrom('', '', 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison'),
  })
  .map((made) => {
    const { line, body } = made.framed
    const fields = [...made.first.map((one) => `${one}\r\n`), line, ...made.last.map((one) => `${one}\r\n`)].join('')
    return `${made.before}HTTP/${made.version} ${made.status}${made.reason}\r\n${fields}\r\n${body}${made.behind}`
  })

/** Input that has confused at least one HTTP parser. */
const traps = fc.constantFrom(
  '\r',
  '\n',
  '\r\n',
  '\r\n\r\n',
  '\n\n',
  '\r\r',
  '\0',
  ' ',
  '\t',
  ':',
  ',',
  ';',
  '=',
  '"',
  '\\',
  '\x7f',
  '\x80',
  '\xff',
  '0',
  '1',
  '5',
  'a',
  'F',
  'g',
  'x',
  '-',
  '+',
  '0x5',
  '00000000000000000000',
  '18446744073709551616',
  '4294967296',
  'ffffffff',
  'ffffffffffffffff',
  '10000000000000000',
  '0\r\n\r\n',
  '5\r\n',
  '5;\r\n',
  '5;a\r\n',
  '5;a="\r\n"\r\n',
  '5 \r\n',
  'Content-Length: 5\r\n',
  'Content-Length: 6\r\n',
  'Content-Length:\r\n',
  'Content-Length: 5, 5\r\n',
  'Content-Length: +5\r\n',
  'Content-Length : 5\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: chunked, chunked\r\n',
  'Transfer-Encoding: gzip, chunked\r\n',
  'Transfer-Encoding: identity\r\n',
  'Transfer-Encoding: xchunked\r\n',
  'Transfer-Encoding:\r\n chunked\r\n',
  ' folded\r\n',
  '\tfolded\r\n',
  'Connection: close\r\n',
  'Connection: upgrade\r\nUpgrade: x\r\n',
  'HTTP/1.1 ',
  'HTTP/1.1 200 OK\r\n',
  'HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\n',
  'ICY 200 OK\r\n',
  'HTTP/2.0',
  'HTTP/0.9',
  '099',
  '99',
  '1000',
)
const mutation = fc.record({
  place: fc.nat(),
  kind: fc.constantFrom('insert', 'replace', 'flip', 'drop', 'double'),
  trap: traps,
  length: fc.nat({ max: 8 }),
})
type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never

function mutated(bytes: string, { place, kind, trap, length }: Mutation): string {
  // Most of the critical bytes precede the body.
  const at = place % (Math.min(bytes.length, 400) + 1)
  const [before, after] = [bytes.slice(0, at), bytes.slice(at)]
  if (kind === 'insert') return before + trap + after
  if (kind === 'replace') return before + trap + after.slice(trap.length)
  if (kind === 'drop') return before + after.slice(length)
  if (kind === 'double') return before + after.slice(0, length * 4) + after
  return before + String.fromCharCode((after.charCodeAt(0) || 0) ^ (1 << (length % 8))) + after.slice(1)
}

const method = fc.constantFrom('GET', 'GET', 'GET', 'HEAD', 'POST')
const cuts = fc.array(fc.nat({ max: 600 }), { maxLength: 6 })

function shown(bytes: Buffer): string {
  return JSON.stringify(bytes.toString('latin1').replaceAll(/x{50,}/g, 'x...'))
}

/** llhttp accepts every answer that we accept, and reads the same from the same bytes. */
async function assertSame(bytes: Buffer, at: readonly number[], asked: string): Promise<boolean> {
  const ours = readByUs(bytes, at, asked)
  assert.deepEqual(ours, readByUs(bytes, [], asked), 'how the bytes are cut makes no difference')
  if (ours === undefined) return false
  const mine = bytes.subarray(0, ours.bytes)
  const { status, headers, body, trailers } = ours
  const theirs = await readByLlhttp(mine, at, asked)
  assert.deepEqual(theirs, { status, headers, body, trailers }, shown(bytes))
  if (!ours.endsWithConnection) {
    assert.equal(await readByLlhttp(mine.subarray(0, -1), [], asked), undefined, 'a byte less is no whole answer')
  }
  return true
}

describe('answers read by our reader and by llhttp', () => {
  it('are read alike if they are well-formed, however the bytes are split', async () => {
    await fc.assert(
      fc.asyncProperty(answer, cuts, method, async (made, at, asked) => {
        assert.ok(await assertSame(Buffer.from(made, 'latin1'), at, asked), 'a well-formed answer is taken')
      }),
      { numRuns },
    )
  })

  it('are never accepted where llhttp rejects them, nor read differently, if they are mutated', async () => {
    let taken = 0
    await fc.assert(
      fc.asyncProperty(
        answer,
        fc.array(mutation, { minLength: 1, maxLength: 3 }),
        cuts,
        method,
        async (made, changes, at, asked) => {
          const bytes = Buffer.from(changes.reduce(mutated, made), 'latin1')
          if (await assertSame(bytes, at, asked)) taken++
        },
      ),
      { numRuns },
    )
    assert.ok(taken > numRuns / 20, `only ${taken} of ${numRuns} were taken`)
  })

  const chunkedHead = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
  const stricter: Readonly<Record<string, string>> = {
    'a reason with a control character': 'HTTP/1.1 200 O\x01K\r\nContent-Length: 2\r\n\r\nok',
    'HTTP/0.9, which has no header': 'HTTP/0.9 200 OK\r\nContent-Length: 2\r\n\r\nok',
    'HTTP/2.0, which is none on such a connection': 'HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok',
    'a coding besides chunked': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    'a coding other than chunked': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nok',
    'a length of 16 digits': 'HTTP/1.1 200 OK\r\nContent-Length: 0000000000000002\r\n\r\nok',
    'a chunk size of 13 digits': `${chunkedHead}0000000000002\r\nok\r\n0\r\n\r\n`,
    'extensions of 300 bytes': `${chunkedHead}2;${'a'.repeat(300)}\r\nok\r\n0\r\n\r\n`,
    'a coding among the trailers': `${chunkedHead}2\r\nok\r\n0\r\nTransfer-Encoding: x\r\n\r\n`,
    '33 informational answers': `${'HTTP/1.1 103 Early\r\n\r\n'.repeat(33)}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`,
  }
  for (const [name, text] of Object.entries(stricter)) {
    it(`are rejected where llhttp accepts them: ${name}`, async () => {
      const bytes = Buffer.from(text, 'latin1')
      assert.equal(readByUs(bytes, [], 'GET'), undefined)
      assert.equal((await readByLlhttp(bytes, [], 'GET'))?.body, 'ok')
    })
  }
})
