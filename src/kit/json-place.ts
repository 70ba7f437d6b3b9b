import { arrayIndex, type JsonPointer } from './json-pointer.ts'
import type { JsonVisitor } from './json-scanner.ts'

/** A stretch of a text: byte offsets, the end not included. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** A JSON string is at most six times as long as the UTF-16 units that it stands for: `\u0041`. */
const longestEscape = 6

/** Tells whether the string in these bytes, quotes included, is this one. */
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

/** `span`: of a valid JSON string in UTF-8, with its quotes. */
export function parsedString(json: Uint8Array, start: number, end: number): string {
  const text = Buffer.from(json.buffer, json.byteOffset + start, end - start).toString('utf8')
  return JSON.parse(text) as string
}

/** Finds the value that a JSON pointer names, and the object or array in which it stands or would stand. */
export class JsonPlace implements JsonVisitor {
  readonly #json: Uint8Array
  readonly #pointer: JsonPointer
  readonly #names: readonly JsonName[]
  /** What it names in arrays; -1 where a step is no index. */
  readonly #indexes: readonly number[]
  /** The next element, for each array on the way. */
  readonly #elements: number[] = []
  /** How many containers are open, and how many of them lie on the way: the outermost ones. */
  #depth = 0
  #onWay = 0
  /** The name that was read last is that of the next step. */
  #named = false
  #start: number | undefined
  #value: Span | undefined
  #holder: { readonly start: number; readonly isObject: boolean; end: number | undefined } | undefined
  /** How often the members on the way are there, in the containers that are open. */
  readonly #seen: boolean[] = []
  #isAmbiguous = false

  constructor(json: Uint8Array, pointer: JsonPointer) {
    this.#json = json
    this.#pointer = pointer
    this.#names = pointer.map((token) => new JsonName(token))
    this.#indexes = pointer.map(arrayIndex)
  }

  /** Of several members of one name it is in the last, as it is for `JSON.parse`. */
  get value(): Span | undefined {
    return this.#value
  }

  /** Where the object ends that has the value or would have it: the place of its brace. */
  get holderEnd(): number | undefined {
    return this.#holder?.isObject ? this.#holder.end : undefined
  }

  get holderIsEmpty(): boolean {
    const { start, end } = this.#holder ?? {}
    if (start === undefined || end === undefined) return false
    for (let at = start + 1; at < end; at++) if ((this.#json[at] as number) > 0x20) return false
    return true
  }

  /** A name on the way stands twice in one object: others may take the first. */
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
    // What an earlier member of the name had is not there any more.
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

  /** Whether the value that begins is the one that the next step of the pointer names. */
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
