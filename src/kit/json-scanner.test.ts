import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { nearlyJson, parsed } from '../../test/kit/json-texts.ts'
import { JsonScanner, type JsonVerdict, type JsonVisitor, maxJsonDepth } from './json-scanner.ts'

function verdictOf(text: string | Uint8Array, bytesAtOnce = 1_000_000, visitor?: JsonVisitor): JsonVerdict {
  const scanner = new JsonScanner(typeof text === 'string' ? Buffer.from(text) : text, visitor)
  for (;;) {
    const verdict = scanner.scan(bytesAtOnce)
    if (verdict !== undefined) return verdict
  }
}

/** Builds the value of JSON.parse from the scanner's tokens. */
class Builder implements JsonVisitor {
  readonly #text: Buffer
  readonly #open: { readonly into: unknown[] | Record<string, unknown>; name: string }[] = []
  value: unknown

  constructor(text: Buffer) {
    this.#text = text
  }

  name(start: number, end: number): void {
    const top = this.#open.at(-1)
    if (top !== undefined) top.name = JSON.parse(this.#text.toString('utf8', start, end)) as string
  }
  string(start: number, end: number, escaped: boolean, inObject: boolean): void {
    assert.equal(escaped, this.#text.subarray(start, end).includes('\\'))
    this.#scalar(start, end, inObject)
  }
  number(start: number, end: number, inObject: boolean): void {
    this.#scalar(start, end, inObject)
  }
  literal(start: number, end: number, inObject: boolean): void {
    this.#scalar(start, end, inObject)
  }
  open(_at: number, isObject: boolean, inObject: boolean): void {
    const into = isObject ? {} : []
    this.#put(into, inObject)
    this.#open.push({ into, name: '' })
  }
  close(_end: number, isObject: boolean, inObject: boolean): void {
    const closed = this.#open.pop()
    assert.equal(Array.isArray(closed?.into), !isObject)
    assert.equal(inObject, this.#inObject())
  }

  #scalar(start: number, end: number, inObject: boolean): void {
    this.#put(JSON.parse(this.#text.toString('utf8', start, end)), inObject)
  }
  #inObject(): boolean {
    const top = this.#open.at(-1)
    return top !== undefined && !Array.isArray(top.into)
  }
  #put(value: unknown, inObject: boolean): void {
    assert.equal(inObject, this.#inObject())
    const top = this.#open.at(-1)
    if (top === undefined) this.value = value
    else if (Array.isArray(top.into)) top.into.push(value)
    else Object.defineProperty(top.into, top.name, { value, enumerable: true, configurable: true, writable: true })
  }
}

describe('JsonScanner', () => {
  it('accepts exactly what JSON.parse accepts, whole or in pieces, and reports its tokens', () => {
    fc.assert(
      fc.property(nearlyJson, fc.integer({ min: 1, max: 7 }), (text, bytesAtOnce) => {
        const bytes = Buffer.from(text)
        const expected = parsed(bytes.toString())
        const builder = new Builder(bytes)
        assert.equal(verdictOf(bytes, bytesAtOnce, builder), expected === undefined ? 'invalid' : 'valid')
        assert.equal(verdictOf(bytes), expected === undefined ? 'invalid' : 'valid')
        if (expected !== undefined) assert.equal(JSON.stringify(builder.value), JSON.stringify(expected.value))
      }),
      { numRuns: 3000 },
    )
  })

  it('agrees with JSON.parse on every text of up to three characters', () => {
    const signs = [...'{}[],:"\\ 01-+.eEu/t\n\u007f\u0000', 'null', '""', '"a":']
    for (const a of ['', ...signs]) {
      for (const b of signs) {
        for (const c of signs) {
          const text = a + b + c
          assert.equal(verdictOf(text), parsed(text) === undefined ? 'invalid' : 'valid', JSON.stringify(text))
        }
      }
    }
  })

  it('refuses every control character inside a string, and accepts every other byte', () => {
    for (let byte = 0; byte < 256; byte++) {
      const isTaken = byte >= 0x20 && byte !== 0x22 && byte !== 0x5c
      assert.equal(verdictOf(Buffer.from([0x22, byte, 0x22])), isTaken ? 'valid' : 'invalid')
    }
  })

  it('accepts nesting up to its limit, and no deeper', () => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      const nested = (depth: number) => `${open.repeat(depth)}1${close.repeat(depth)}`
      assert.equal(verdictOf(nested(maxJsonDepth)), 'valid')
      assert.equal(verdictOf(nested(maxJsonDepth + 1)), 'tooDeep')
    }
    assert.equal(verdictOf('['.repeat(5_000_000)), 'tooDeep')
  })
})
