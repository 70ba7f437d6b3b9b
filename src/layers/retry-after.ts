import { type HeaderPairs, headerValue } from '../core/headers.ts'

/** Clocks of targets seldom match ours: a date further ahead is cut to this, as the clock is probably wrong. */
const maxDateMs = 300_000

/** About eleven days; longer times are cut to this. */
const maxSeconds = 999_999

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const time = String.raw`(?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)`
/** The current form, and the two obsolete ones that recipients must accept (RFC 9110, 5.6.7). */
const dateForms = [
  new RegExp(String.raw`^[a-z]{3}, (?<day>\d\d) (?<month>[a-z]{3}) (?<year>\d{4}) ${time} GMT$`, 'i'),
  new RegExp(String.raw`^[a-z]{6,9}, (?<day>\d\d)-(?<month>[a-z]{3})-(?<year>\d\d) ${time} GMT$`, 'i'),
  new RegExp(String.raw`^[a-z]{3} (?<month>[a-z]{3}) (?<day>[ \d]\d) ${time} (?<year>\d{4})$`, 'i'),
]

/**
 * The wait that `Retry-After` asks for (RFC 9110, 10.2.3): whole seconds, or the time left until a date. A date in the
 * past means no wait.
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
    const monthIndex = months.indexOf(month.toLowerCase())
    if (monthIndex < 0) continue
    const [hours, minutes, seconds] = [Number(hour), Number(minute), Number(second)]
    // A leap second is valid, the 30th of February is not.
    if (hours > 23 || minutes > 59 || seconds > 60) return undefined
    const fullYear = year?.length === 2 ? nearYear(Number(year), nowMs) : Number(year)
    const midnight = new Date(Date.UTC(fullYear, monthIndex, Number(day)))
    if (midnight.getUTCDate() !== Number(day)) return undefined
    return midnight.getTime() + ((hours * 60 + minutes) * 60 + seconds) * 1000
  }
  return undefined
}

/** For a two-digit year: a year more than 50 years ahead belongs to the previous century. */
function nearYear(twoDigits: number, nowMs: number): number {
  const thisYear = new Date(nowMs).getUTCFullYear()
  const year = thisYear - (thisYear % 100) + twoDigits
  return year > thisYear + 50 ? year - 100 : year
}
