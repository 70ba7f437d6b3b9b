/** RFC 6901: a path into a JSON value, `/user/id`. */
export type JsonPointer = string[]

/** Position in the configuration: keys and list indexes, from the top. */
export type Path = readonly (string | number)[]

export const jsonPointerPattern = /^(?:\/(?:[^~/]|~[01])*)+$/

/** `pointer` must match `jsonPointerPattern`. */
export function parseJsonPointer(pointer: string): JsonPointer {
  return pointer
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** The array index that the token names; -1: none. */
export function arrayIndex(token: string): number {
  return /^(?:0|[1-9]\d{0,9})$/.test(token) ? Number(token) : -1
}
