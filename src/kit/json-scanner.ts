import {
  afterComma,
  afterName,
  afterOpen,
  afterValue,
  beginName,
  beginString,
  beginToken,
  closeArray,
  closeObject,
  comma,
  endLiteral,
  endNumber,
  endString,
  escapeInString,
  expectValue,
  firstAction,
  grammar,
  inEscape,
  inExponent,
  inFraction,
  inInteger,
  inString,
  inZero,
  openArray,
  openObject,
} from './json-grammar.ts'

/** Deeper nesting is refused. Go's `encoding/json` has the same limit; most parsers have a lower one. */
export const maxJsonDepth = 10_000

export type JsonVerdict = 'valid' | 'invalid' | 'tooDeep'

/** Receives tokens in the order of the text. Ranges are byte offsets; strings include their quotes. */
export interface JsonVisitor {
  /** `escaped`: the string contains a backslash, so its bytes are not its characters. */
  name(start: number, end: number, escaped: boolean): void
  /** `inObject`: the string is the value of a member. */
  string(start: number, end: number, escaped: boolean, inObject: boolean): void
  number(start: number, end: number, inObject: boolean): void
  /** `true`, `false` or `null`. */
  literal(start: number, end: number, inObject: boolean): void
  open(at: number, isObject: boolean, inObject: boolean): void
  /** `inObject`: the closed container is itself the value of a member. */
  close(end: number, isObject: boolean, inObject: boolean): void
}

/**
 * Reads JSON byte by byte without building a value: `JSON.parse` of 10 MiB of small values blocks the event loop, with
 * a reviver for seconds. A scan can stop after any byte and resume later, keeps one byte per level of nesting, and
 * accepts exactly the texts that `JSON.parse` accepts, up to `maxJsonDepth`.
 *
 * Inside strings it accepts every byte from 0x80; callers that need valid UTF-8 use the native `isUtf8`.
 */
export class JsonScanner {
  readonly #text: Uint8Array
  readonly #visitor: JsonVisitor | undefined
  #at = 0
  #state = expectValue
  #depth = 0
  /** 1 for an object, 0 for an array, by depth; depth 0, the top level, is 0. */
  #kinds = new Uint8Array(32)
  #tokenStart = 0
  #isName = false
  #escaped = false

  constructor(text: Uint8Array, visitor?: JsonVisitor) {
    this.#text = text
    this.#visitor = visitor
  }

  /** Reads on for at most `maxBytes`. Undefined: there is more to read. */
  scan(maxBytes: number): JsonVerdict | undefined {
    const text = this.#text
    const end = Math.min(this.#at + maxBytes, text.length)
    let at = this.#at
    let state = this.#state
    while (at < end) {
      const next = grammar[(state << 8) + (text[at] as number)] as number
      if (next < firstAction) {
        state = next
        at++
        continue
      }
      if (next >= beginToken) {
        this.#tokenStart = at
        state = next - beginToken
      } else {
        const after = this.#act(next, at)
        if (typeof after !== 'number') return after
        state = after
        if (next === endNumber) continue
      }
      at++
    }
    this.#at = at
    this.#state = state
    return at < text.length ? undefined : this.#end()
  }

  /** Returns the next state, or the verdict that ends the scan. */
  #act(action: number, at: number): number | JsonVerdict {
    switch (action) {
      case endNumber:
        this.#visitor?.number(this.#tokenStart, at, this.#inObject())
        return afterValue
      case comma:
        if (this.#depth === 0) return 'invalid'
        return this.#inObject() ? afterComma.object : afterComma.array
      case beginName:
      case beginString:
        this.#tokenStart = at
        this.#isName = action === beginName
        this.#escaped = false
        return inString
      case escapeInString:
        this.#escaped = true
        return inEscape
      case endString:
        return this.#endString(at + 1)
      case endLiteral:
        this.#visitor?.literal(this.#tokenStart, at + 1, this.#inObject())
        return afterValue
      case openObject:
      case openArray:
        return this.#open(at, action === openObject)
      case closeObject:
      case closeArray:
        return this.#close(at, action === closeObject)
      default:
        return 'invalid'
    }
  }

  #endString(end: number): number {
    if (this.#isName) {
      this.#visitor?.name(this.#tokenStart, end, this.#escaped)
      return afterName
    }
    this.#visitor?.string(this.#tokenStart, end, this.#escaped, this.#inObject())
    return afterValue
  }

  #open(at: number, isObject: boolean): number | JsonVerdict {
    if (this.#depth === maxJsonDepth) return 'tooDeep'
    this.#visitor?.open(at, isObject, this.#inObject())
    this.#depth++
    if (this.#depth === this.#kinds.length) {
      const larger = new Uint8Array(this.#kinds.length * 2)
      larger.set(this.#kinds)
      this.#kinds = larger
    }
    this.#kinds[this.#depth] = isObject ? 1 : 0
    return isObject ? afterOpen.object : afterOpen.array
  }

  #close(at: number, isObject: boolean): number | JsonVerdict {
    if (this.#depth === 0 || this.#inObject() !== isObject) return 'invalid'
    this.#depth--
    this.#visitor?.close(at + 1, isObject, this.#inObject())
    return afterValue
  }

  #inObject(): boolean {
    return this.#kinds[this.#depth] === 1
  }

  #end(): JsonVerdict {
    const state = this.#state
    if (
      this.#depth === 0 &&
      (state === inZero || state === inInteger || state === inFraction || state === inExponent)
    ) {
      this.#visitor?.number(this.#tokenStart, this.#at, false)
      return 'valid'
    }
    return this.#depth === 0 && state === afterValue ? 'valid' : 'invalid'
  }
}
