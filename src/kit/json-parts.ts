import { arrayIndex, parseJsonPointer } from './json-pointer.ts'
import { JsonName } from './json-value-finder.ts'

/** A step shared by one or more pointers. */
export interface JsonPart {
  /** A pointer ends here. */
  readonly ignored: boolean
  /** The steps after it. */
  readonly inner: JsonParts
}

interface Step {
  readonly part: JsonPart
  readonly name: JsonName
  readonly index: number
}

/** Several JSON pointers, as a tree of their steps. */
export class JsonParts {
  readonly #steps: readonly Step[]

  private constructor(pointers: readonly (readonly string[])[]) {
    const byToken = Map.groupBy(pointers, ([token]) => token ?? '')
    this.#steps = [...byToken].map(([token, sharing]) => ({
      part: {
        ignored: sharing.some((pointer) => pointer.length === 1),
        inner: new JsonParts(sharing.map((pointer) => pointer.slice(1)).filter(({ length }) => length > 0)),
      },
      name: new JsonName(token),
      index: arrayIndex(token),
    }))
  }

  static of(pointers: readonly string[]): JsonParts {
    return new JsonParts(pointers.map(parseJsonPointer))
  }

  /** The step that the member with this name matches. */
  named(json: Uint8Array, start: number, end: number, escaped: boolean): JsonPart | undefined {
    for (const { name, part } of this.#steps) if (name.matches(json, start, end, escaped)) return part
    return undefined
  }

  /** The step that the element at this index matches. */
  at(element: number): JsonPart | undefined {
    for (const { index, part } of this.#steps) if (index === element) return part
    return undefined
  }
}
