/** Returns a number in [0, 1). The only source of randomness in Hedgerow, so that a seed can repeat a run. */
export type Random = () => number

export const systemRandom: Random = () => Math.random()

/** sfc32 (Chris Doty-Humphrey, PractRand): small, fast, and passes BigCrush; for simulation, not for secrets. */
export function seededRandom(seed: number): Random {
  let a = 0x9e3779b9
  let b = 0x243f6a88
  let c = seed | 0
  let counter = 1
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + sum) | 0
    return (sum >>> 0) / 4294967296
  }
  // The first outputs of neighbouring seeds are correlated; after 12 rounds no bit is.
  for (let round = 0; round < 12; round++) next()
  return next
}
