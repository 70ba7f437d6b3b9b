import type { Attempt } from '../../core/attempt.ts'
import { type Failure, type FailureCode, failureCodes } from '../../core/failure.ts'
import type { HeaderPairs } from '../../core/headers.ts'
import { headerValue } from '../../core/headers.ts'
import { type GatewayResponse, ownResponse } from '../../core/response.ts'
import { defaultRetryAfterMs, failureStatuses, statusesWithRetryAfter } from './failure-table.ts'

export interface FailureMapping {
  readonly status?: number | undefined
  readonly detail?: string | undefined
}

/** How a route reports its failures. */
export interface FailurePolicy {
  /** By code; `*` applies to all codes not listed. */
  readonly mappings: Readonly<Partial<Record<FailureCode | '*', FailureMapping>>>
  readonly listAttempts: boolean
}

export const defaultFailurePolicy: FailurePolicy = { mappings: {}, listAttempts: true }

export interface FailureFacts {
  readonly requestId: string
  readonly attempts: readonly Attempt[]
  /** Since the call began; the end time of attempts that are still running. */
  readonly elapsedMs: number
  readonly requestHeaders: HeaderPairs
}

export function statusOf(failure: Failure, policy: FailurePolicy): number {
  const mapping = policy.mappings[failure.code] ?? policy.mappings['*']
  return mapping?.status ?? failureStatuses[failure.code]
}

/** Problem details (RFC 9457), or the detail alone for clients that prefer plain text. */
export function failureResponse(failure: Failure, policy: FailurePolicy, facts: FailureFacts): GatewayResponse {
  const mapping = policy.mappings[failure.code] ?? policy.mappings['*']
  const status = statusOf(failure, policy)
  const detail = mapping?.detail ?? (policy.listAttempts ? failure.detail : detailWithoutNames(failure))
  const plain = prefersText(headerValue(facts.requestHeaders, 'accept'))
  const text = plain ? `${detail}\n` : JSON.stringify(problem(failure, { status, detail }, policy, facts))
  const headers = ['content-type', plain ? 'text/plain; charset=utf-8' : 'application/problem+json']
  headers.push('cache-control', 'no-store')
  if (failure.headers !== undefined) headers.push(...failure.headers)
  // RFC 8631: links to the state of the requested work.
  if (failure.ticket !== undefined) headers.push('link', `<${failure.ticket}>; rel="status"`)
  if (statusesWithRetryAfter.has(status)) {
    headers.push('retry-after', String(Math.ceil((failure.retryAfterMs ?? defaultRetryAfterMs) / 1000)))
  }
  return ownResponse(status, headers, Buffer.from(text))
}

function problem(
  { code, ticket }: Failure,
  { status, detail }: { status: number; detail: string },
  policy: FailurePolicy,
  facts: FailureFacts,
): object {
  const title = code.charAt(0) + code.slice(1).toLowerCase().replaceAll('_', ' ')
  const said = { type: `urn:hedgerow:failure:${code}`, title, status, detail, code, requestId: facts.requestId }
  const base = ticket === undefined ? said : { ...said, ticket }
  if (!policy.listAttempts || facts.attempts.length === 0) return base
  // Attempts still running when the client is answered are cancelled, unless only the client's wait is over.
  const unfinished = code === 'WAIT_OVER' ? 'running' : 'cancelled'
  const attempts = facts.attempts.map((attempt) => ({
    target: attempt.target.name,
    ms: Math.round((attempt.endedMs ?? facts.elapsedMs) - attempt.startedMs),
    outcome: attempt.outcome ?? unfinished,
    ...(attempt.status === undefined ? {} : { status: attempt.status }),
  }))
  return { ...base, attempts }
}

/** The detail of an upstream failure names the target; the catalogue's meaning does not. */
function detailWithoutNames({ code, source, detail }: Failure): string {
  return source === 'upstream' && code !== 'DEADLINE' ? failureCodes[code].meaning.replaceAll('`', '') : detail
}

/** Whether the client ranks plain text above JSON (RFC 9110, 12.5.1). */
function prefersText(accept: string | undefined): boolean {
  if (accept === undefined) return false
  const ranges = accept
    .toLowerCase()
    .split(',')
    .map((range) => range.split(';').map((part) => part.trim()))
  const text = qualityOf(ranges, ['text/plain', 'text/*', '*/*'])
  const json = ['application/problem+json', 'application/json'].map((type) =>
    qualityOf(ranges, [type, 'application/*', '*/*']),
  )
  return text > Math.max(...json)
}

/** `types`: the type itself, then wider and wider ranges; the narrowest that the client names counts. */
function qualityOf(ranges: readonly (readonly string[])[], types: readonly string[]): number {
  for (const type of types) {
    const range = ranges.find(([name]) => name === type)
    if (range === undefined) continue
    const quality = range.find((parameter) => parameter.startsWith('q='))
    return quality === undefined ? 1 : Number(quality.slice(2))
  }
  return 0
}
