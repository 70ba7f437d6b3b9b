import { type BodyStream, isHeld } from '../core/body.ts'
import { type Failure, failure } from '../core/failure.ts'
import { headerValue } from '../core/headers.ts'
import type { GatewayResponse } from '../core/response.ts'
import type { Clock } from '../kit/clock.ts'
import { collect } from '../kit/collect.ts'

const maxMessageBytes = 4096
const maxMessageLength = 300
const maxMessageMs = 1000

/** Members in which services put their error message: RFC 9457 first, then common ones. */
const messageMembers = ['detail', 'message', 'error_description', 'error', 'title']

export function backendFailed(reason: Failure): Failure {
  return failed(reason.code, reason.detail, reason)
}

/** The backend answered but did not take the work. Its message is the part that helps the client. */
export async function backendRefused({ status, headers, body }: GatewayResponse, clock: Clock): Promise<Failure> {
  const bytes = isHeld(body) ? body : await collectSoon(body, clock)
  const text = bytes === undefined || bytes.length > maxMessageBytes ? '' : Buffer.from(bytes).toString('utf8')
  const isJson = /[/+]json\b/i.test(headerValue(headers, 'content-type') ?? '')
  const message = readable(isJson ? messageIn(text) : text)
  return failed('UPSTREAM_STATUS', message === '' ? `status ${status}` : message, { upstreamStatus: status })
}

/** Undefined if the body is too long or takes too long: no client waits for a message. */
function collectSoon(body: BodyStream, clock: Clock): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    const timer = clock.after(maxMessageMs, () => {
      body.discard()
      resolve(undefined)
    })
    void collect(body, maxMessageBytes).then((collected) => {
      timer.cancel()
      resolve(collected.ok ? collected.value : undefined)
    })
  })
}

function failed(code: Failure['code'], cause: string, extras: Partial<Failure>): Failure {
  const { upstreamStatus, retryAfterMs } = extras
  return failure(code, `Backend failed with: ${cause}`, { upstreamStatus, retryAfterMs })
}

function messageIn(text: string): string {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'string') return value
    if (typeof value !== 'object' || value === null) return ''
    const members = value as Readonly<Record<string, unknown>>
    const found = messageMembers.map((name) => members[name]).find((member) => typeof member === 'string')
    return found === undefined ? '' : found
  } catch {
    return ''
  }
}

// oxlint-disable-next-line no-control-regex -- control characters are removed here
const unreadable = /[\u0000-\u001f\u007f-\u009f\s]+/g

/** On one line, without terminal control characters; empty for an HTML page. */
function readable(text: string): string {
  if (/^\s*</.test(text)) return ''
  return text.replaceAll(unreadable, ' ').trim().slice(0, maxMessageLength).toWellFormed()
}
