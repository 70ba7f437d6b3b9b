import type { AbortScope } from '../../core/abort.ts'
import { isHeld } from '../../core/body.ts'
import type { Call } from '../../core/call.ts'
import { failure } from '../../core/failure.ts'
import { headerValue, withoutHeaders } from '../../core/headers.ts'
import { failed, type Outcome, succeeded } from '../../core/outcome.ts'
import type { GatewayResponse } from '../../core/response.ts'
import { done, ok, type Result } from '../../core/result.ts'
import type { AnyLayer } from '../../core/service.ts'
import type { Clock } from '../../kit/clock.ts'
import { collect, noRoomFor, tooLarge } from '../../kit/collect.ts'
import { scanJson } from '../../kit/json-scan.ts'
import { maxJsonDepth } from '../../kit/json-scanner.ts'
import { retryAfterMs } from '../retry-after.ts'
import type { StatusRange } from './options.ts'

export interface SuccessRules {
  /** Answers with any other status, or without a body, are passed on unchanged and unjudged. */
  readonly judgedOnly: readonly StatusRange[] | undefined
  /** Undefined: any status counts. */
  readonly status: readonly StatusRange[] | undefined
  readonly json: boolean
  readonly contentType: string | undefined
  /** Whether the answer is needed whole even if its body is not judged. */
  readonly hold: boolean
  /** Limit on an answer that is held. */
  readonly maxAnswerBytes: number
  /** A good status suffices if the body is not judged: a body that fails is then dropped. */
  readonly bodyMayFail: boolean
  /** Needed for a `Retry-After` with a date. */
  readonly clock: Pick<Clock, 'wallNow'>
}

/** A 304 has no body to judge or merge. */
const ifChanged = ['if-none-match', 'if-modified-since']
/** A body that is parsed, compared or merged must be complete and unencoded. */
const partOrEncoded = ['accept-encoding', 'range', 'if-range']
const describingBody = new Set([
  'content-type',
  'content-length',
  'content-encoding',
  'content-language',
  'etag',
  'digest',
])
const droppedForJudged = new Set(ifChanged)
const droppedForHeld = new Set([...ifChanged, ...partOrEncoded])

/** Judges a target's answer: one that does not count becomes a failure, and its body is not awaited. */
export function success(rules: SuccessRules): AnyLayer {
  return function successLayer(next) {
    return async (request, call) => {
      const dropped = rules.json || rules.hold ? droppedForHeld : droppedForJudged
      const asked = { ...request, headers: withoutHeaders(request.headers, dropped) }
      const outcome = await next(asked, call)
      return outcome.ok ? judge(outcome.response, rules, call) : outcome
    }
  }
}

async function judge(response: GatewayResponse, rules: SuccessRules, call: Call): Promise<Outcome> {
  const { body, status } = response
  const { judgedOnly } = rules
  if (judgedOnly !== undefined && (status === 204 || status === 304 || !statusCounts(judgedOnly, status))) {
    return succeeded(response)
  }
  const name = response.attempt?.target.name ?? 'target'
  if (rules.status !== undefined && !statusCounts(rules.status, status)) {
    discard(response)
    const detail = `${name}: status ${status}`
    const waitMs = retryAfterMs(response.headers, rules.clock)
    return failed(failure('UPSTREAM_STATUS', detail, { upstreamStatus: status, retryAfterMs: waitMs }))
  }
  const contentType = headerValue(response.headers, 'content-type')
  if (rules.contentType !== undefined && !contentType?.toLowerCase().startsWith(rules.contentType.toLowerCase())) {
    discard(response)
    return failed(failure('UPSTREAM_INVALID', `${name}: content type ${contentType ?? 'missing'}`))
  }
  if (!rules.json && !rules.hold) return succeeded(response)
  const read = isHeld(body) ? within(body, rules.maxAnswerBytes, call) : await collect(body, rules.maxAnswerBytes, call)
  if (!read.ok) return rules.bodyMayFail && !rules.json ? succeeded(withoutBody(response)) : read
  const bytes = read.value
  if (rules.json) {
    const checked = await checkJson(bytes, name, call.scope)
    if (!checked.ok) {
      response.upgraded?.destroy()
      call.letGo(bytes?.length ?? 0)
      return checked
    }
  }
  return succeeded({ ...response, body: bytes })
}

/** A body that arrived in one piece is already held, and may still be too large. */
function within(body: Uint8Array | undefined, maxBytes: number, call: Call): Result<Uint8Array | undefined> {
  if (body === undefined) return ok(body)
  if (body.length > maxBytes) return failed(tooLarge(maxBytes))
  return call.hold(body.length) ? ok(body) : failed(noRoomFor('the answer'))
}

function withoutBody(response: GatewayResponse): GatewayResponse {
  return { ...response, headers: withoutHeaders(response.headers, describingBody), body: new Uint8Array() }
}

/** Stops reading the rest of the answer, and closes a connection that has switched protocols. */
function discard({ body, upgraded }: GatewayResponse): void {
  if (!isHeld(body)) body.discard()
  upgraded?.destroy()
}

export function statusCounts(ranges: readonly StatusRange[], status: number): boolean {
  for (const range of ranges) if (status >= range.from && status <= range.to) return true
  return false
}

/** Fails unless the body is JSON. A large answer is scanned in turns; aborting the call stops the scan. */
function checkJson(
  bytes: Uint8Array | undefined,
  name: string,
  scope: AbortScope,
): Result<undefined> | Promise<Result<undefined>> {
  if (bytes === undefined) return failed(failure('UPSTREAM_INVALID', `${name}: body is not JSON`))
  return scanJson(bytes, { scope }, (verdict) => {
    if (verdict === 'valid') return done
    const what = verdict === 'invalid' ? 'is not JSON' : `nests deeper than ${maxJsonDepth} levels`
    return failed(failure('UPSTREAM_INVALID', `${name}: body ${what}`))
  })
}
