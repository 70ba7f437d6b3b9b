/** How numbers and times are formatted; `–` if there is no value. */

const none = '–'

/** Whole milliseconds up to ten seconds, the unit of deadlines. */
export function ms(value: number | null | undefined): string {
  if (value === undefined || value === null) return none
  if (value > 0 && value < 1) return '< 1 ms'
  if (value < 10_000) return `${Math.round(value)} ms`
  return value < 120_000 ? `${trimmed(value / 1000, 1)} s` : `${trimmed(value / 60_000, 1)} min`
}

export function count(value: number): string {
  return Math.round(value).toLocaleString('en')
}

/** `1 call`, `2,000 calls`. */
export function counted(value: number, one: string): string {
  return `${count(value)} ${one}${value === 1 ? '' : 's'}`
}

export function rate(value: number): string {
  return value > 0 && value < 10 ? trimmed(value, 1) : count(value)
}

/** `99.95 %`; never rounded up to 100 %. Above that, decimals say nothing. */
export function share(value: number | undefined): string {
  if (value === undefined) return none
  const percent = value * 100
  const digits = percent >= 100 ? 0 : percent > 99 || percent < 1 ? 2 : 1
  const rounded = Math.floor(percent * 10 ** digits + 1e-9) / 10 ** digits
  return `${trimmed(rounded, digits)} %`
}

export function bytes(value: number): string {
  if (value < 1024) return `${value} B`
  if (value < 1024 * 1024) return `${trimmed(value / 1024, 1)} KiB`
  const mebibytes = value / 1024 / 1024
  return `${trimmed(mebibytes, mebibytes < 100 ? 1 : 0)} MiB`
}

/** The local time of day. */
export function clock(iso: string): string {
  return new Date(iso).toLocaleTimeString('en-GB')
}

/** Day and time, for times that may be before today. */
export function moment(iso: string, now: Date): string {
  const at = new Date(iso)
  return at.toDateString() === now.toDateString()
    ? clock(iso)
    : `${at.toLocaleDateString('en-CA')} ${at.toLocaleTimeString('en-GB')}`
}

/** `in 5 s`, `3 min ago`. */
export function fromNow(iso: string, now: Date): string {
  const seconds = Math.round((Date.parse(iso) - now.getTime()) / 1000)
  if (seconds === 0) return 'now'
  const size = Math.abs(seconds)
  const [amount, unit] =
    size < 90 ? [size, 's'] : size < 5400 ? [Math.round(size / 60), 'min'] : [Math.round(size / 3600), 'h']
  return seconds > 0 ? `in ${amount} ${unit}` : `${amount} ${unit} ago`
}

/** `3 min ago`. Times of another clock may lie slightly ahead of this one: those are `now`. */
export function ago(iso: string, now: Date): string {
  return fromNow(new Date(Math.min(Date.parse(iso), now.getTime())).toISOString(), now)
}

function trimmed(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)))
}
