import { arrayIndex, type JsonPointer } from './json-pointer.ts'
import type { JsonVisitor } from './json-scanner.ts'

/** A range of a text: byte offsets, the end excluded. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** A JSON string has at most six bytes for each UTF-16 unit: `\u0041`. */
const longestEscape = 6

/** Compares JSON strings, given as bytes with quotes, to one name. */
export class JsonName {
  readonly #text: string
  readonly #bytes: Buffer

  constructor(text: string) {
    this.#text = text
    this.#bytes = Buffer.from(text)
  }

  matches(json: Uint8Array, start: number, end: number, escaped: boolean): boolean {
    const length = end - start - 2
    if (escaped) return length <= longestEscape * this.#text.length && parsedString(json, start, end) === this.#text
    if (length !== this.#bytes.length) return false
    return this.#bytes.compare(json, start + 1, end - 1) === 0
  }
}

/** Decodes a valid JSON string in UTF-8; the range includes the quotes. */
export function parsedString(json: Uint8Array, start: number, end: number): string {
  const text = Buffer.from(json.buffer, json.byteOffset + start, end - start).toString('utf8')
  return JSON.parse(text) as string
}

/** Finds the value that a JSON pointer names, and the object or array that contains it or would contain it. */
export class JsonValueFinder implements JsonVisitor {
  readonly #json: Uint8Array
  readonly #pointer: JsonPointer
  readonly #names: readonly JsonName[]
  /** The pointer's steps as array indexes; -1 if a step is not an index. */
  readonly #indexes: readonly number[]
  /** The next index in each array on the path. */
  readonly #elements: number[] = []
  /** How many containers are open, and how many of them, from the outermost, lie on the pointer's path. */
  #depth = 0
  #onWay = 0
  /** The last name read matches the next step. */
  #named = false
  #start: number | undefined
  #value: Span | undefined
  #holder: { readonly start: number; readonly isObject: boolean; end: number | undefined } | undefined
  /** Whether each open container on the path already had the member on the path. */
  readonly #seen: boolean[] = []
  #isAmbiguous = false

  constructor(json: Uint8Array, pointer: JsonPointer) {
    this.#json = json
    this.#pointer = pointer
    this.#names = pointer.map((token) => new JsonName(token))
    this.#indexes = pointer.map(arrayIndex)
  }

  /** If a name is repeated, the last member counts, as in `JSON.parse`. */
  get value(): Span | undefined {
    return this.#value
  }

  /** Offset of the closing brace of the object that contains or would contain the value. */
  get holderEnd(): number | undefined {
    return this.#holder?.isObject ? this.#holder.end : undefined
  }

  get holderIsEmpty(): boolean {
    const { start, end } = this.#holder ?? {}
    if (start === undefined || end === undefined) return false
    for (let at = start + 1; at < end; at++) if ((this.#json[at] as number) > 0x20) return false
    return true
  }

  /** A name on the path occurs twice in one object: other parsers may use the first. */
  get isAmbiguous(): boolean {
    return this.#isAmbiguous
  }

  name(start: number, end: number, escaped: boolean): void {
    if (this.#depth !== this.#onWay) return
    const level = this.#depth - 1
    this.#named = this.#names[level]?.matches(this.#json, start, end, escaped) ?? false
    if (!this.#named) return
    if (this.#seen[level]) this.#isAmbiguous = true
    this.#seen[level] = true
    // This member replaces an earlier one with the same name.
    this.#value = undefined
    if (level < this.#pointer.length - 1) this.#holder = undefined
  }

  string(start: number, end: number, _escaped: boolean, inObject: boolean): void {
    if (this.#isNext(inObject) && this.#isLast()) this.#value = { start, end }
  }

  number(start: number, end: number, inObject: boolean): void {
    if (this.#isNext(inObject) && this.#isLast()) this.#value = { start, end }
  }

  literal(start: number, end: number, inObject: boolean): void {
    if (this.#isNext(inObject) && this.#isLast()) this.#value = { start, end }
  }

  open(at: number, isObject: boolean, inObject: boolean): void {
    if (this.#isNext(inObject)) {
      if (this.#isLast()) this.#start = at
      else this.#enter(at, isObject)
    }
    this.#depth++
  }

  close(end: number): void {
    this.#depth--
    if (this.#onWay > this.#depth) {
      if (this.#onWay === this.#pointer.length && this.#holder !== undefined) this.#holder.end = end - 1
      this.#onWay--
    } else if (this.#start !== undefined && this.#depth === this.#onWay) {
      this.#value = { start: this.#start, end }
      this.#start = undefined
    }
  }

  #enter(at: number, isObject: boolean): void {
    this.#elements[this.#onWay] = 0
    this.#seen[this.#onWay] = false
    this.#named = false
    this.#onWay++
    if (this.#onWay === this.#pointer.length) this.#holder = { start: at, isObject, end: undefined }
  }

  /** Whether the value that begins matches the next step of the pointer. */
  #isNext(inObject: boolean): boolean {
    if (this.#depth !== this.#onWay) return false
    if (this.#depth === 0) return true
    if (inObject) return this.#named
    const level = this.#depth - 1
    const element = this.#elements[level] as number
    this.#elements[level] = element + 1
    return this.#indexes[level] === element
  }

  #isLast(): boolean {
    return this.#onWay === this.#pointer.length
  }
}
