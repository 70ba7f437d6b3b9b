import fc from 'fast-check'

/** Fragments for mutated texts: JSON tokens and near misses. */
const pieces = [
  ...'{}[],:"\\ \t\n\r0123456789-+.eEutrnfalsb/',
  'true',
  'false',
  'null',
  '"a"',
  '"\\u0061"',
  '\\ud83d',
  '\\ude00',
  '1.50',
  '-0',
  '1e400',
  '{"a":',
  '[1,',
  '\u00a0',
  '\u0000',
  '\ufeff',
  'ž',
  '😀',
]

/** Names that collide, and names that objects treat specially. */
const names = fc.constantFrom('a', 'b', '', 'ž', '0', '1', '__proto__', 'a/b', 'x~y', 'length')

const blank = fc.constantFrom('', '', '', ' ', '\n\t')

/** JSON values with few distinct member names, in every notation: whitespace, escapes, members in any order. */
export const jsonTexts: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('true', 'false', 'null', '0', '-0', '1', '1.0', '1e2', '12345678901234567890', '""'),
    fc.string({ unit: 'grapheme', maxLength: 6 }).chain(written),
    fc.array(tie('value'), { maxLength: 4 }).chain((parts) => joined('[', parts, ']')),
    fc.array(fc.tuple(names.chain(written), blank, tie('value')), { maxLength: 4 }).chain((members) =>
      joined(
        '{',
        members.map(([name, space, value]) => `${name}${space}:${value}`),
        '}',
      ),
    ),
  ),
})).value

function written(text: string): fc.Arbitrary<string> {
  const plain = JSON.stringify(text)
  const escaped = [...Array(text.length).keys()]
    .map((at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`)
    .join('')
  return fc.constantFrom(plain, plain, `"${escaped}"`)
}

function joined(open: string, parts: readonly string[], close: string): fc.Arbitrary<string> {
  return fc.array(blank, { minLength: 2, maxLength: 2 }).map(([a, b]) => open + a + parts.join(`${b},${a}`) + b + close)
}

/** Texts that are JSON, almost JSON, or not JSON. */
export const nearlyJson: fc.Arbitrary<string> = fc.oneof(
  jsonTexts,
  fc.json(),
  fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((parts) => parts.join('')),
  fc.tuple(jsonTexts, fc.nat(), fc.nat(3), fc.constantFrom('', ...pieces)).map(([text, place, cut, piece]) => {
    const at = place % (text.length + 1)
    return text.slice(0, at) + piece + text.slice(at + cut)
  }),
)

export function parsed(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}
