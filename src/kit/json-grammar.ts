/**
 * The grammar of JSON (RFC 8259) as a table: the state or action that follows a state for a byte. One look-up per byte
 * and no branches, after Crockford's JSON_checker.
 */

/** States: between tokens, then inside them. */
export const expectValue = 0
const expectValueOrEnd = 1
const expectName = 2
const expectNameOrEnd = 3
const expectColon = 4
export const afterValue = 5
export const inString = 6
export const inEscape = 7
const inHex = [8, 9, 10, 11] as const
const inMinus = 12
export const inZero = 13
export const inInteger = 14
const afterPoint = 15
export const inFraction = 16
const afterE = 17
const afterSign = 18
export const inExponent = 19
const inTrue = [20, 21, 22] as const
const inFalse = [23, 24, 25, 26] as const
const inNull = [27, 28, 29] as const

/** Actions: entries from here on are not states, but require work before reading on. */
export const firstAction = 32
export const reject = 32
export const openObject = 33
export const openArray = 34
export const closeObject = 35
export const closeArray = 36
export const comma = 37
export const beginName = 38
export const beginString = 39
export const escapeInString = 40
export const endString = 41
/** The byte is the first one after a number, and not consumed yet. */
export const endNumber = 42
export const endLiteral = 43
/** A number or literal begins: the next state is the entry minus this. */
export const beginToken = 64

export const afterOpen = { object: expectNameOrEnd, array: expectValueOrEnd } as const
export const afterComma = { object: expectName, array: expectValue } as const
export const afterName = expectColon

const blanks = ' \t\n\r'
const digits = '0123456789'
const hex = `${digits}abcdefABCDEF`

export const grammar = new Uint8Array(firstAction * 256).fill(reject)

for (const state of [expectValue, expectValueOrEnd, expectName, expectNameOrEnd, expectColon, afterValue]) {
  on(state, blanks, state)
}
for (const state of [expectValue, expectValueOrEnd]) {
  on(state, '{', openObject)
  on(state, '[', openArray)
  on(state, '"', beginString)
  on(state, '-', beginToken + inMinus)
  on(state, '0', beginToken + inZero)
  on(state, digits.slice(1), beginToken + inInteger)
  on(state, 't', beginToken + inTrue[0])
  on(state, 'f', beginToken + inFalse[0])
  on(state, 'n', beginToken + inNull[0])
}
on(expectValueOrEnd, ']', closeArray)
on(expectName, '"', beginName)
on(expectNameOrEnd, '"', beginName)
on(expectNameOrEnd, '}', closeObject)
on(expectColon, ':', expectValue)
on(afterValue, ',', comma)
on(afterValue, '}', closeObject)
on(afterValue, ']', closeArray)

grammar.fill(inString, (inString << 8) + 0x20, (inString + 1) << 8)
on(inString, '"', endString)
on(inString, '\\', escapeInString)
on(inEscape, '"\\/bfnrt', inString)
on(inEscape, 'u', inHex[0])
for (const [read, state] of inHex.entries()) on(state, hex, inHex[read + 1] ?? inString)

on(inMinus, '0', inZero)
on(inMinus, digits.slice(1), inInteger)
for (const state of [inZero, inInteger, inFraction, inExponent]) on(state, `${blanks},]}`, endNumber)
on(inInteger, digits, inInteger)
for (const state of [inZero, inInteger]) on(state, '.', afterPoint)
for (const state of [inZero, inInteger, inFraction]) on(state, 'eE', afterE)
for (const state of [afterPoint, inFraction]) on(state, digits, inFraction)
on(afterE, '+-', afterSign)
for (const state of [afterE, afterSign, inExponent]) on(state, digits, inExponent)

spell(inTrue, 'rue')
spell(inFalse, 'alse')
spell(inNull, 'ull')

function on(state: number, signs: string, next: number): void {
  for (const byte of Buffer.from(signs)) grammar[(state << 8) + byte] = next
}

function spell(states: readonly number[], rest: string): void {
  for (const [read, state] of states.entries()) on(state, rest.charAt(read), states[read + 1] ?? endLiteral)
}
