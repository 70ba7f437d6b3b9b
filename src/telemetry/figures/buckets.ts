import { endianness } from 'node:os'

/**
 * Buckets whose width grows with the duration: each power of two is divided into 16, so that the middle of a bucket is
 * at most 1/32 (3.1 %) from any value in it. The bucket number comes from the bits of the number, its exponent and the
 * first four bits of its fraction, without a logarithm.
 */
const perOctave = 16
const fractionBits = 4
/** 2^-6 ms, 16 us: shorter durations count as this. */
const shortestExponent = -6
/** 2^22 ms, 70 minutes: longer durations count as this. */
const longestExponent = 22
const bias = 1023
const firstBits = (shortestExponent + bias) << fractionBits

export const bucketCount = (longestExponent - shortestExponent) * perOctave

const float = new Float64Array(1)
const words = new Uint32Array(float.buffer)
const highWord = endianness() === 'LE' ? 1 : 0

export function bucketOf(ms: number): number {
  float[0] = ms
  // A negative number has the sign in its highest bit and would land in the last bucket.
  if (!(ms > 0)) return 0
  const index = ((words[highWord] as number) >>> (20 - fractionBits)) - firstBits
  return index < 0 ? 0 : index < bucketCount ? index : bucketCount - 1
}

/** The value that represents all durations in the bucket. */
export function middleMs(bucket: number): number {
  const octave = 2 ** (shortestExponent + Math.floor(bucket / perOctave))
  return octave * (1 + ((bucket % perOctave) + 0.5) / perOctave)
}

/**
 * The smallest duration that at least `share` (0 to 1) of the counted ones do not exceed; undefined if none was
 * counted.
 */
export function quantileMs(counts: Readonly<Float64Array>, total: number, share: number): number | undefined {
  if (total === 0) return undefined
  // 0.07 x 100 is 7.000000000000001, but the rank must be 7.
  const rank = Math.max(1, Math.ceil(share * total - 1e-9))
  let seen = 0
  for (let bucket = 0; bucket < bucketCount; bucket++) {
    seen += counts[bucket] as number
    if (seen >= rank) return middleMs(bucket)
  }
  return middleMs(bucketCount - 1)
}
