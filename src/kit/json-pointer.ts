/** RFC 6901: a path into a JSON value, `/user/id`. */
export type JsonPointer = string[]

/** Where in the configuration: keys and indexes in lists, from the top. */
export type Path = readonly (string | number)[]

export const jsonPointerPattern = /^(?:\/(?:[^~/]|~[01])*)+$/

/** `pointer` fits the pattern. */
export function parseJsonPointer(pointer: string): JsonPointer {
  return pointer
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** Which element of an array the token names; -1: none. */
export function arrayIndex(token: string): number {
  return /^(?:0|[1-9]\d{0,9})$/.test(token) ? Number(token) : -1
}
