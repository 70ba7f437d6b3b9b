import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  formatDurationMs,
  formatQuantile,
  formatShare,
  formatSizeBytes,
  parseDurationMs,
  parseQuantile,
  parseShare,
  parseSizeBytes,
} from './units.ts'

type Parse = (text: string) => number | undefined

const cases: readonly (readonly [string, Parse, Readonly<Record<string, number>>, readonly string[]])[] = [
  [
    'duration',
    parseDurationMs,
    { '0ms': 0, '300ms': 300, '5s': 5000, '1.5s': 1500, '2m': 120_000, '1h': 3_600_000, '1d': 86_400_000, '007ms': 7 },
    ['5', 's', '-5s', '+5s', '5 s', ' 5s', '5s ', '1e3ms', '5S', '5sec', '.5s', '5.s', '1s500ms', '5s\n', '٣s'],
  ],
  [
    'size',
    parseSizeBytes,
    { '0B': 0, '512B': 512, '64KiB': 65_536, '1MiB': 1_048_576, '2GiB': 2_147_483_648 },
    ['64', '64KB', '64kib', '1.5MiB', '-1B', '1 MiB', '0x10B'],
  ],
  [
    'share',
    parseShare,
    { '0%': 0, '20%': 0.2, '12.5%': 0.125, '100%': 1 },
    ['20', '%', '-20%', '20 %', '1e1%', '0.2', '20%%'],
  ],
  [
    'quantile',
    parseQuantile,
    { p0: 0, p5: 0.05, p50: 0.5, p95: 0.95, 'p99.5': 0.995 },
    ['95', 'p', 'p100', 'P95', 'p-5', 'p95%', 'p 95', 'p99.'],
  ],
]

for (const [kind, parse, good, bad] of cases) {
  describe(`a ${kind}`, () => {
    for (const [text, value] of Object.entries(good)) {
      it(`${text} is ${value}`, () => assert.equal(parse(text), value))
    }
    for (const text of ['', ...bad]) {
      it(`rejects ${JSON.stringify(text)}`, () => assert.equal(parse(text), undefined))
    }
  })
}

describe('formatDurationMs', () => {
  for (const [ms, text] of [
    [0, '0ms'],
    [999, '999ms'],
    [1000, '1s'],
    [1500, '1500ms'],
    [60_000, '1m'],
    [90_000, '90s'],
    [3_600_000, '1h'],
    [86_400_000, '1d'],
    [90_000_000, '25h'],
  ] as const) {
    it(`writes ${ms} as ${text}`, () => assert.equal(formatDurationMs(ms), text))
  }

  it('round-trips through the parser', () => {
    const unit = fc.constantFrom(1, 1000, 60_000, 3_600_000, 86_400_000)
    fc.assert(
      fc.property(fc.nat(10_000), unit, (count, factor) => {
        assert.equal(parseDurationMs(formatDurationMs(count * factor)), count * factor)
      }),
    )
  })
})

describe('formatSizeBytes', () => {
  it('writes the largest unit that divides the size', () => {
    const sizes = [0, 512, 1500, 65_536, 1_048_576, 1_572_864, 2 ** 31]
    assert.deepEqual(sizes.map(formatSizeBytes), ['0B', '512B', '1500B', '64KiB', '1MiB', '1536KiB', '2GiB'])
  })
})

describe('formatShare and formatQuantile', () => {
  it('write every hundredth of a per cent as the text that was parsed', () => {
    for (let hundredths = 0; hundredths < 10_000; hundredths++) {
      const text = String(hundredths / 100)
      assert.equal(formatShare(parseShare(`${text}%`) ?? Number.NaN), `${text}%`)
      assert.equal(formatQuantile(parseQuantile(`p${text}`) ?? Number.NaN), `p${text}`)
    }
  })
})
