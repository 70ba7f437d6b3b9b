/**
 * One field line of a header or trailer, parsed in place: each name and value is sliced once, and no byte is read
 * twice. RFC 9112, 5, without its leniencies: no space before the colon, no folded lines, only CR LF as line end, no
 * control characters.
 */

/** Characters allowed in a name (RFC 9110, 5.6.2). */
const token = 1
/** Characters allowed in a value: visible ones, space, tab, and bytes beyond ASCII. */
const text = 2
const classes = new Uint8Array(256)
for (let code = 0x20; code < 0x100; code++) if (code !== 0x7f) classes[code] = text
classes[0x09] = text
for (const sign of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
  classes[sign.charCodeAt(0)] = token | text
}

const tab = 0x09
const lineFeed = 0x0a
const carriageReturn = 0x0d
const blank = 0x20
const colon = 0x3a

/** The text ends within the line. */
export const incomplete = -1
/** No further text can make it valid. */
export const malformed = -2

/** Codes beyond latin1 have no class and are never allowed. */
export function isTokenCode(code: number): boolean {
  return code < 0x100 && ((classes[code] as number) & token) !== 0
}

export function isTextCode(code: number): boolean {
  return code < 0x100 && ((classes[code] as number) & text) !== 0
}

/** Expects a line break at `at`: returns the position after it, `incomplete` or `malformed`. */
export function readLineEnd(text: string, at: number): number {
  if (at >= text.length) return incomplete
  if (text.charCodeAt(at) !== carriageReturn) return malformed
  if (at + 1 >= text.length) return incomplete
  return text.charCodeAt(at + 1) === lineFeed ? at + 2 : malformed
}

export class FieldLine {
  name = ''
  value = ''
  /** A tab was trimmed from the end of the value. */
  hasTabBehind = false

  /** Reads from the line's first character; returns the position after its end, `incomplete` or `malformed`. */
  read(line: string, start: number): number {
    const { length } = line
    let at = start
    while (at < length && ((classes[line.charCodeAt(at)] as number) & token) !== 0) at++
    if (at === length) return incomplete
    if (at === start || line.charCodeAt(at) !== colon) return malformed
    const nameEnd = at++
    while (at < length && isBlank(line.charCodeAt(at))) at++
    const valueStart = at
    while (at < length && ((classes[line.charCodeAt(at)] as number) & text) !== 0) at++
    const next = readLineEnd(line, at)
    if (next < 0) return next
    this.hasTabBehind = false
    while (at > valueStart && isBlank(line.charCodeAt(at - 1))) {
      at--
      if (line.charCodeAt(at) === tab) this.hasTabBehind = true
    }
    this.name = line.slice(start, nameEnd)
    this.value = line.slice(valueStart, at)
    return next
  }
}

function isBlank(code: number): boolean {
  return code === blank || code === tab
}
