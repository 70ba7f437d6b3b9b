import { type HeaderPairs, headerValue } from '../core/headers.ts'

/** Targets seldom have exactly our time: a date further ahead than that is believed no more than a clock that is wrong. */
const maxDateMs = 300_000

/** Some eleven days: whoever asks for more asks for as long as there is. */
const maxSeconds = 999_999

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const time = String.raw`(?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)`
/** The form that is sent today, and the two that are obsolete and have to be read all the same (RFC 9110, 5.6.7). */
const dateForms = [
  new RegExp(String.raw`^[a-z]{3}, (?<day>\d\d) (?<month>[a-z]{3}) (?<year>\d{4}) ${time} GMT$`, 'i'),
  new RegExp(String.raw`^[a-z]{6,9}, (?<day>\d\d)-(?<month>[a-z]{3})-(?<year>\d\d) ${time} GMT$`, 'i'),
  new RegExp(String.raw`^[a-z]{3} (?<month>[a-z]{3}) (?<day>[ \d]\d) ${time} (?<year>\d{4})$`, 'i'),
]

/**
 * What `Retry-After` asks for (RFC 9110, 10.2.3): whole seconds, or a date, of which what is left of it counts. A date
 * that is past asks for nothing.
 */
export function retryAfterMs(headers: HeaderPairs, clock: { wallNow(): number }): number | undefined {
  const value = headerValue(headers, 'retry-after')
  if (value === undefined) return undefined
  if (/^\d+$/.test(value)) return Math.min(Number(value), maxSeconds) * 1000
  const nowMs = clock.wallNow()
  const leftMs = (dateOf(value, nowMs) ?? nowMs) - nowMs
  return leftMs > 0 ? Math.min(leftMs, maxDateMs) : undefined
}

/** Milliseconds since 1970. */
function dateOf(text: string, nowMs: number): number | undefined {
  for (const form of dateForms) {
    const { day, month = '', year, hour, minute, second } = form.exec(text)?.groups ?? {}
    const monthPlace = months.indexOf(month.toLowerCase())
    if (monthPlace < 0) continue
    const [hours, minutes, seconds] = [Number(hour), Number(minute), Number(second)]
    // A leap second is one, and no day has a 30th of February.
    if (hours > 23 || minutes > 59 || seconds > 60) return undefined
    const fullYear = year?.length === 2 ? nearYear(Number(year), nowMs) : Number(year)
    const midnight = new Date(Date.UTC(fullYear, monthPlace, Number(day)))
    if (midnight.getUTCDate() !== Number(day)) return undefined
    return midnight.getTime() + ((hours * 60 + minutes) * 60 + seconds) * 1000
  }
  return undefined
}

/** Of two digits: what would be more than 50 years ahead is of the century before. */
function nearYear(twoDigits: number, nowMs: number): number {
  const thisYear = new Date(nowMs).getUTCFullYear()
  const year = thisYear - (thisYear % 100) + twoDigits
  return year > thisYear + 50 ? year - 100 : year
}
