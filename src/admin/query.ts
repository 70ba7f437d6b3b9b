import { type Answer, refusal } from './answer.ts'

/** A whole number from the query, or a refusal that says what is allowed. */
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

/** One of several words from the query; undefined if absent. */
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
