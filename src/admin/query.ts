import { type Answer, refusal } from './answer.ts'

/** A whole number that a query may give; a refusal says what is allowed. */
export function wholeNumberIn(
  query: URLSearchParams,
  name: string,
  bounds: { readonly min: number; readonly max: number; readonly default: number },
): number | Answer {
  const given = query.get(name)
  if (given === null) return bounds.default
  const value = /^\d{1,9}$/.test(given) ? Number(given) : Number.NaN
  if (value >= bounds.min && value <= bounds.max) return value
  return refusal(400, `${name} is "${given}"; allowed: ${bounds.min} to ${bounds.max}`)
}

/** One of several words that a query may give; undefined where it gives none. */
export function oneOfIn<T extends string>(
  query: URLSearchParams,
  name: string,
  words: readonly T[],
): { readonly word: T | undefined } | Answer {
  const given = query.get(name)
  if (given === null) return { word: undefined }
  const word = words.find((candidate) => candidate === given)
  if (word !== undefined) return { word }
  return refusal(400, `${name} is "${given}"; allowed: ${words.join(', ')}`)
}
