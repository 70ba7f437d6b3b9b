import { type HeaderPairs, headerValue } from './headers.ts'

/** The callback that an asynchronous request asks for: where its result goes, and when. */
export interface CallbackOrder {
  readonly url: URL
  readonly delayMs: number
  readonly correlationId: string | undefined
}

/** The syntax of Python's `float`, without its names for non-finite numbers. */
const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i
const longestDelayMs = 86_400_000

/** Returns the order, or an error message. */
export function readCallbackOrder(query: string, headers: HeaderPairs, defaultUrl: string): CallbackOrder | string {
  const parameters = new URLSearchParams(query)
  const delay = (parameters.get('delay') ?? '0').trim()
  if (!decimal.test(delay)) return 'Delay is not a number'
  const delayMs = Math.min(Math.max(0, Number(delay) * 1000), longestDelayMs)
  const text = headerValue(headers, 'x-callback-url') ?? parameters.get('callback_url') ?? defaultUrl
  const url = URL.parse(text)
  if (url === null || url.protocol !== 'http:') return 'Callback URL is not an http:// URL'
  return { url, delayMs, correlationId: headerValue(headers, 'x-correlation-id') }
}
