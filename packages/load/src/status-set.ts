import { OptionError } from './option-error.ts'

/** Which statuses count as good. */
export type StatusSet = (status: number) => boolean

/** `200-299,503`, `2xx,503`. */
export function parseStatusSet(text: string): StatusSet {
  const ranges = text.split(',').map((part) => parseRange(part.trim(), text))
  return (status) => ranges.some(([from, to]) => status >= from && status <= to)
}

function parseRange(part: string, text: string): readonly [number, number] {
  const family = /^([1-5])xx$/i.exec(part)
  if (family !== null) return [Number(family[1]) * 100, Number(family[1]) * 100 + 99]
  const match = /^([1-5]\d\d)(?:-([1-5]\d\d))?$/.exec(part)
  const [from, to] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])]
  if (match === null || from > to) {
    throw new OptionError(text, 'statuses from 100 to 599 and ranges of them, such as 200-299,503 or 2xx,503')
  }
  return [from, to]
}
