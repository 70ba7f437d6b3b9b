import type { JsonPart, JsonParts } from './json-parts.ts'
import type { JsonVisitor } from './json-scanner.ts'
import { parsedString } from './json-value-finder.ts'
import { KeyedHash, stateWords } from './keyed-hash.ts'
import { NumberPairs } from './number-pairs.ts'

/** Kinds of token, hashed along so that a number differs from the string that looks the same. */
const nameKind = 1
const stringKind = 2
const unpairedKind = 3
const numberKind = 4
const literalKind = 5
const arrayBegin = 6
const arrayEnd = 7
const objectEnd = 8
const leftOut = 9
const writtenKind = 10

/** Decoding the escapes of longer strings takes too long in one go: 10 MiB of `\n` take 60 ms. */
const longestRead = 256 * 1024

/**
 * Frame of each open object: the sums of its members, the outer hash state, its number, the counts of its members and
 * names, and the key of the first name, which is only used once a second name arrives.
 */
const savedAt = stateWords
const numberAt = 2 * stateWords
const countAt = numberAt + 1
const namesAt = countAt + 1
const firstKeyAt = namesAt + 1
const frameWords = firstKeyAt + 2

/**
 * Digests a JSON text in one pass: two texts have the same digest if their values are equal except for ignored parts.
 * The order of members does not matter, as an object adds up the digests of its members; nor do escapes in strings of
 * up to 256 KiB. Numbers compare as written, as doubles cannot tell 9007199254740993 from ...992.
 */
export class JsonDigest implements JsonVisitor {
  readonly #json: Uint8Array
  readonly #hash = new KeyedHash()
  readonly #names = new NumberPairs()
  readonly #key = new Int32Array(stateWords)
  #frames = new Int32Array(8 * frameWords)
  #openObjects = 0
  #objects = 0
  #hasRepeatedName = false
  #depth = 0
  /** The open containers on a path to an ignored part, outermost first. */
  readonly #way: { readonly parts: JsonParts; element: number }[] = []
  /** The step that the last name, or the value that begins, matches. */
  #part: JsonPart | undefined
  /** Everything deeper is ignored. */
  #ignoredDepth = Number.POSITIVE_INFINITY

  constructor(json: Uint8Array, ignored: JsonParts) {
    this.#json = json
    this.#part = { ignored: false, inner: ignored }
  }

  /** An object contains the same name twice: parsers differ on its value. */
  get hasRepeatedName(): boolean {
    return this.#hasRepeatedName
  }

  /** Call once the whole text has been read. */
  result(): string {
    this.#hash.finish()
    this.#hash.save(this.#key, 0)
    return Buffer.from(this.#key.buffer).toString('base64')
  }

  name(start: number, end: number, escaped: boolean): void {
    if (this.#depth > this.#ignoredDepth) return
    const parts = this.#way.length === this.#depth ? this.#way.at(-1)?.parts : undefined
    this.#part = parts?.named(this.#json, start, end, escaped)
    this.#hash.start()
    this.#text(nameKind, start, end, escaped)
    this.#hash.finish()
    this.#hash.save(this.#key, 0)
    this.#noteName()
  }

  string(start: number, end: number, escaped: boolean, inObject: boolean): void {
    if (this.#ignores(inObject)) return
    this.#text(stringKind, start, end, escaped)
    if (inObject) this.#endMember()
  }

  number(start: number, end: number, inObject: boolean): void {
    if (this.#ignores(inObject)) return
    this.#hash.bytes(numberKind, this.#json, start, end)
    if (inObject) this.#endMember()
  }

  literal(start: number, end: number, inObject: boolean): void {
    if (this.#ignores(inObject)) return
    this.#hash.bytes(literalKind, this.#json, start, end)
    if (inObject) this.#endMember()
  }

  open(_at: number, isObject: boolean, inObject: boolean): void {
    if (this.#ignores(inObject)) {
      this.#ignoredDepth = Math.min(this.#ignoredDepth, this.#depth)
    } else {
      if (this.#part !== undefined) this.#way.push({ parts: this.#part.inner, element: 0 })
      if (isObject) this.#openObject()
      else this.#hash.word(arrayBegin)
    }
    this.#depth++
  }

  close(_end: number, isObject: boolean, inObject: boolean): void {
    if (this.#way.length === this.#depth) this.#way.pop()
    this.#depth--
    if (this.#depth >= this.#ignoredDepth) {
      if (this.#depth === this.#ignoredDepth) this.#ignoredDepth = Number.POSITIVE_INFINITY
      return
    }
    if (isObject) this.#closeObject()
    else this.#hash.word(arrayEnd)
    if (inObject) this.#endMember()
  }

  /** Whether the value that begins is ignored; also sets `#part` for it. */
  #ignores(inObject: boolean): boolean {
    if (this.#depth > this.#ignoredDepth) return true
    if (this.#way.length < this.#depth) this.#part = undefined
    else if (!inObject && this.#depth > 0) this.#part = this.#nextElement()
    if (this.#part?.ignored !== true) return false
    // A placeholder keeps the indexes of array elements.
    if (!inObject) this.#hash.word(leftOut)
    return true
  }

  #noteName(): void {
    const frames = this.#frames
    const frame = this.#frame()
    const object = frames[frame + numberAt] as number
    // Odd factors: the same name in two objects never gives the same pair.
    const high = (this.#key[0] as number) ^ Math.imul(object, 0x9e3779b1)
    const low = (this.#key[1] as number) ^ Math.imul(object, 0x85ebca77)
    const names = frames[frame + namesAt] as number
    frames[frame + namesAt] = names + 1
    if (names === 0) {
      frames[frame + firstKeyAt] = high
      frames[frame + firstKeyAt + 1] = low
      return
    }
    if (names === 1) this.#names.add(frames[frame + firstKeyAt] as number, frames[frame + firstKeyAt + 1] as number)
    if (!this.#names.add(high, low)) this.#hasRepeatedName = true
  }

  #nextElement(): JsonPart | undefined {
    const array = this.#way.at(-1)
    return array?.parts.at(array.element++)
  }

  #frame(): number {
    return (this.#openObjects - 1) * frameWords
  }

  #openObject(): void {
    this.#openObjects++
    const frame = this.#frame()
    if (frame + frameWords > this.#frames.length) {
      const larger = new Int32Array(this.#frames.length * 2)
      larger.set(this.#frames)
      this.#frames = larger
    }
    for (let at = frame; at < frame + frameWords; at++) this.#frames[at] = 0
    this.#frames[frame + numberAt] = ++this.#objects
    this.#hash.save(this.#frames, frame + savedAt)
  }

  #closeObject(): void {
    const frame = this.#frame()
    this.#openObjects--
    this.#hash.load(this.#frames, frame + savedAt)
    this.#hash.word(objectEnd)
    this.#hash.word(this.#frames[frame + countAt] as number)
    for (let word = 0; word < stateWords; word++) this.#hash.word(this.#frames[frame + word] as number)
  }

  #endMember(): void {
    const frame = this.#frame()
    this.#hash.finish()
    this.#hash.addTo(this.#frames, frame)
    this.#frames[frame + countAt] = (this.#frames[frame + countAt] as number) + 1
  }

  #text(kind: number, start: number, end: number, escaped: boolean): void {
    if (!escaped) return this.#hash.bytes(kind, this.#json, start + 1, end - 1)
    if (end - start > longestRead) return this.#hash.bytes(writtenKind, this.#json, start, end)
    const text = parsedString(this.#json, start, end)
    // UTF-8 cannot encode an unpaired surrogate.
    const isPaired = text.isWellFormed()
    const bytes = Buffer.from(text, isPaired ? 'utf8' : 'utf16le')
    this.#hash.bytes(isPaired ? kind : unpairedKind, bytes, 0, bytes.length)
  }
}
