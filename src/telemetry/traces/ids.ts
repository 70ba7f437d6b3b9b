import type { Random } from '../../kit/random.ts'

/** 32 hexadecimal digits; never all zeros, which means none. */
export function newTraceId(random: Random): string {
  return newSpanId(random) + newSpanId(random)
}

/** 16 hexadecimal digits; never all zeros. */
export function newSpanId(random: Random): string {
  const high = word(random)
  const low = word(random)
  return high === 0 && low === 0 ? newSpanId(random) : digits(high) + digits(low)
}

function word(random: Random): number {
  return Math.floor(random() * 0x1_0000_0000)
}

function digits(word: number): string {
  return word.toString(16).padStart(8, '0')
}
