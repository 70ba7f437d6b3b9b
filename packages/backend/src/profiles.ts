import type { EndpointInput, ProfileInput } from './profile.ts'
import type { ProfilePatch } from './profile-patch.ts'

export interface AccountsOptions {
  /** Every fifth POST gets 500. */
  readonly skipsSome?: boolean
}

export interface AsyncOptions {
  /** Where results go if the request names no URL. */
  readonly callbackUrl?: string
  readonly repeatEveryMs?: number
}

const workLatency: EndpointInput['latency'] = { kind: 'uniform', minMs: 100, maxMs: 600 }

/** Shares and weights are percentages of all requests: 6 meet a fault, and 94 the status mix. */
const flakyWork: EndpointInput = {
  latency: workLatency,
  status: { '200': 83, '500': 8, '429': 3 },
  body: { json: { time: '{{latencyMs}}' } },
  faults: { notJson: 0.02, resetBeforeHead: 0.02, resetMidBody: 0.01, hangAfterAccept: 0.01 },
}

/** `GET /api/work` takes 100 to 600 ms, reports it in `{"time": <ms>}`, and sometimes fails in every possible way. */
function work(): ProfileInput {
  return { endpoints: { 'GET /api/work': flakyWork } }
}

/** `GET /api/work` is `{"time":250}` at once, for benchmarks. */
function workFixed(): ProfileInput {
  return { endpoints: { 'GET /api/work': { body: { json: { time: 250 } } } } }
}

/** Three requests that write and read accounts; each answer names the backend. */
function accounts(options: AccountsOptions = {}): ProfileInput {
  return {
    ...(options.skipsSome === true ? { skip: { every: 5, status: 500, methods: ['POST'] } } : {}),
    endpoints: {
      'GET /login': { body: { text: 'logged in on {{name}}' } },
      'POST /register': { status: { '201': 1 }, body: { text: 'register on {{name}}' } },
      'POST /changePassword': { status: { '201': 1 }, body: { text: 'password changed on {{name}}' } },
    },
  }
}

/** `GET /backend-service/method?delay=5` is acknowledged at once; its result is posted `delay` seconds later. */
function asynchronous(options: AsyncOptions = {}): ProfileInput {
  const text = '{"timestamp": "{{timestamp}}", "response": "dummy data for request {{uuid}}"}'
  return {
    endpoints: {
      'GET /backend-service/method': {
        body: { json: { accepted: true } },
        callback: {
          defaultUrl: options.callbackUrl ?? 'http://localhost:8080/callback.service/method',
          repeatEveryMs: options.repeatEveryMs ?? 10_000,
          body: { text, contentType: 'application/json' },
        },
      },
    },
  }
}

/** By their names on the command line and in a configuration. */
export const readyProfiles = { work, 'work-fixed': workFixed, accounts, async: asynchronous } as const

/** Makes `work` take 100 to 600 ms and fail with 500 in this share (0.1 is 10 %), and in no other way. */
export function workWithErrors(share: number): ProfilePatch {
  const status = { '200': 1 - share, '500': share }
  return { endpoints: { 'GET /api/work': { latency: workLatency, status, faults: null, slowBody: null } } }
}

/** Parses `SKIP_SOME_REQUESTS`; undefined or empty is `false`, and any other word is an error. */
export function parseSkipSomeRequests(value: string | undefined): boolean {
  if (value === undefined || value === '' || value === 'false') return false
  if (value === 'true') return true
  throw new Error(`SKIP_SOME_REQUESTS: found ${JSON.stringify(value)}; allowed: true, false`)
}
