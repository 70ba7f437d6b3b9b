import type { JsonPart, JsonParts } from './json-parts.ts'
import { parsedString } from './json-place.ts'
import type { JsonVisitor } from './json-scanner.ts'
import { KeyedHash, stateWords } from './keyed-hash.ts'
import { NumberPairs } from './number-pairs.ts'

/** Kinds of what is read, which keep a number apart from the string that looks the same. */
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

/** To read the escapes of more takes too long in one go: 10 MiB of `\n` take 60 ms. */
const longestRead = 256 * 1024

/**
 * Of each object that is open: the sums of its members, the state around it, its number, how many members it has and how
 * many names, and the key of the first name, which is looked at only if a second one comes.
 */
const savedAt = stateWords
const numberAt = 2 * stateWords
const countAt = numberAt + 1
const namesAt = countAt + 1
const firstKeyAt = namesAt + 1
const frameWords = firstKeyAt + 2

/**
 * Makes a digest of a JSON text in one pass: the same for two texts that are the same value but for what is ignored.
 * Members may stand in any order, as an object adds up the digests of its members; strings of up to 256 KiB may be escaped in any way;
 * numbers count as they are written, as doubles cannot tell 9007199254740993 from ...992.
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
  /** Of the containers on the way to what is ignored, the outermost first. */
  readonly #way: { readonly parts: JsonParts; element: number }[] = []
  /** What the name that was read last, or the value that begins, is on the way to. */
  #part: JsonPart | undefined
  /** All that is deeper is ignored. */
  #ignoredDepth = Number.POSITIVE_INFINITY

  constructor(json: Uint8Array, ignored: JsonParts) {
    this.#json = json
    this.#part = { ignored: false, inner: ignored }
  }

  /** A name stands twice in an object: what its value is depends on who reads it. */
  get hasRepeatedName(): boolean {
    return this.#hasRepeatedName
  }

  /** Once the text is read. */
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

  /** Whether the value that begins is ignored; sets what it is on the way to. */
  #ignores(inObject: boolean): boolean {
    if (this.#depth > this.#ignoredDepth) return true
    if (this.#way.length < this.#depth) this.#part = undefined
    else if (!inObject && this.#depth > 0) this.#part = this.#nextElement()
    if (this.#part?.ignored !== true) return false
    // Elements keep their places.
    if (!inObject) this.#hash.word(leftOut)
    return true
  }

  #noteName(): void {
    const frames = this.#frames
    const frame = this.#frame()
    const object = frames[frame + numberAt] as number
    // Odd factors: the same name in two objects is never the same pair.
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
    // UTF-8 has nothing for half a pair.
    const isPaired = text.isWellFormed()
    const bytes = Buffer.from(text, isPaired ? 'utf8' : 'utf16le')
    this.#hash.bytes(isPaired ? kind : unpairedKind, bytes, 0, bytes.length)
  }
}
