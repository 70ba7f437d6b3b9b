import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { EndpointInput } from '@hedgerow/backend/profile'
import type { ConfigInput } from '../../src/config/schema.ts'
import { type Answer, ask, problemOf } from '../kit/ask.ts'
import { assertBetween, deadPort, openScene } from '../kit/gateway.ts'

type RouteInput = NonNullable<ConfigInput['routes']>[number]
type Target = EndpointInput | 'refuses' | 'does not resolve'

const good = { status: [200], json: true }

/** Each strategy on the work backend; all must treat a target with constant answers alike. */
const judging: Readonly<Record<string, Omit<RouteInput, 'match'>>> = {
  hedge: { hedge: { upstream: 'work', after: '50ms', extra: 2, budget: 'unlimited', success: good } },
  'hedge that drops its first': {
    hedge: { upstream: 'work', after: '50ms', extra: 2, budget: 'unlimited', first: 'drop', success: good },
  },
  first: { first: { upstream: 'work', calls: 2, success: good } },
  'first that settles by response': { first: { upstream: 'work', calls: 2, settle: 'response', success: good } },
  all: { all: { upstream: 'work', calls: 2, success: good } },
  'all that tolerates failures': { all: { upstream: 'work', calls: 2, tolerate: 'failures', success: good } },
  quorum: { quorum: { upstream: 'work', of: 2, need: 2, success: good } },
}

interface Case {
  readonly target: Target
  /** The result of `forward`; undefined: the client's connection breaks. */
  readonly forwarded: { readonly status: number; readonly code?: string } | undefined
  /** The result of every strategy that requires status 200 and JSON. */
  readonly judged: { readonly status: number; readonly code?: string }
}

const deadlineMs = 400
const json = { json: { time: 250 } }
const answers = (status: number): EndpointInput => ({ status: { [status]: 1 }, body: json })

const cases: Readonly<Record<string, Case>> = {
  '200 good': { target: { body: json }, forwarded: { status: 200 }, judged: { status: 200 } },
  '200 not JSON': {
    target: { faults: { notJson: 1 } },
    forwarded: { status: 200 },
    judged: { status: 502, code: 'UPSTREAM_INVALID' },
  },
  '201': {
    target: answers(201),
    forwarded: { status: 201 },
    judged: { status: 502, code: 'UPSTREAM_STATUS' },
  },
  '204': {
    target: answers(204),
    forwarded: { status: 204 },
    judged: { status: 502, code: 'UPSTREAM_STATUS' },
  },
  '301': {
    target: { ...answers(301), headers: { location: '/elsewhere' } },
    forwarded: { status: 301 },
    judged: { status: 502, code: 'UPSTREAM_STATUS' },
  },
  '304': {
    target: answers(304),
    forwarded: { status: 304 },
    judged: { status: 502, code: 'UPSTREAM_STATUS' },
  },
  '400': {
    target: answers(400),
    forwarded: { status: 400 },
    judged: { status: 502, code: 'UPSTREAM_STATUS' },
  },
  '429': {
    target: { ...answers(429), headers: { 'retry-after': '7' } },
    forwarded: { status: 429 },
    judged: { status: 502, code: 'UPSTREAM_STATUS' },
  },
  '500': {
    target: answers(500),
    forwarded: { status: 500 },
    judged: { status: 502, code: 'UPSTREAM_STATUS' },
  },
  'connection refused': {
    target: 'refuses',
    forwarded: { status: 502, code: 'UPSTREAM_REFUSED' },
    judged: { status: 502, code: 'UPSTREAM_REFUSED' },
  },
  'reset before its head': {
    target: { faults: { resetBeforeHead: 1 } },
    forwarded: { status: 502, code: 'UPSTREAM_RESET' },
    judged: { status: 502, code: 'UPSTREAM_RESET' },
  },
  'reset inside its body': {
    target: { body: json, faults: { resetMidBody: 1 } },
    forwarded: undefined,
    judged: { status: 502, code: 'UPSTREAM_RESET' },
  },
  'silent after accept': {
    target: { faults: { hangAfterAccept: 1 } },
    forwarded: { status: 504, code: 'DEADLINE' },
    judged: { status: 504, code: 'DEADLINE' },
  },
  'silent after its head': {
    target: { body: json, faults: { hangAfterHead: 1 } },
    forwarded: undefined,
    judged: { status: 504, code: 'DEADLINE' },
  },
  'its name does not resolve': {
    target: 'does not resolve',
    forwarded: { status: 502, code: 'UPSTREAM_REFUSED' },
    judged: { status: 502, code: 'UPSTREAM_REFUSED' },
  },
}

function check(answer: Answer, expected: { readonly status: number; readonly code?: string }): void {
  assert.equal(answer.status, expected.status, answer.body)
  assert.match(answer.headers['x-request-id'] as string, /^[0-9a-f-]{36}$/)
  if (expected.code === undefined) return
  assert.equal(answer.headers['content-type'], 'application/problem+json')
  const problem = problemOf(answer)
  if (expected.code !== 'QUORUM_FAILED') assert.doesNotMatch(answer.body, /https?:/)
  assert.equal(problem.code, expected.code, answer.body)
  assert.equal(problem.status, expected.status)
  assert.equal(problem.requestId, answer.headers['x-request-id'])
}

for (const [name, { target, forwarded, judged }] of Object.entries(cases)) {
  describe(`a target that answers: ${name}`, () => {
    const open = async (scene: ReturnType<typeof openScene>, route: Omit<RouteInput, 'match'>) => {
      // A failing lookup takes its own time, which is not tested here.
      const deadline = target === 'does not resolve' ? '10s' : `${deadlineMs}ms`
      const url =
        target === 'refuses'
          ? `http://127.0.0.1:${await deadPort()}`
          : target === 'does not resolve'
            ? 'http://nowhere.invalid:80'
            : (await scene.backend({ endpoints: { 'GET /api/work': target } })).url
      return scene.gateway({
        upstreams: { work: { targets: { work: url } } },
        routes: [{ match: 'GET /api/work', deadline, idleTimeout: '600ms', ...route }],
      })
    }

    it(`gives ${forwarded?.code ?? forwarded?.status ?? 'a broken connection'} through forward`, async (t) => {
      const { url } = await open(openScene(t), { forward: { upstream: 'work' } })
      if (forwarded === undefined) await assert.rejects(ask(`${url}/api/work`))
      else check(await ask(`${url}/api/work`), forwarded)
    })

    for (const [strategy, route] of Object.entries(judging)) {
      const expected = strategy === 'quorum' && judged.status === 502 ? { status: 502, code: 'QUORUM_FAILED' } : judged
      it(`gives ${expected.code ?? expected.status} through ${strategy}`, async (t) => {
        const { url } = await open(openScene(t), route)
        const answer = await ask(`${url}/api/work`)
        check(answer, expected)
        if (expected.code === 'DEADLINE') assertBetween(answer.ms, deadlineMs - 5, deadlineMs + 250, 'ms')
        if (expected.status === 200) assert.match(answer.body, /\{"time":250\}/)
      })
    }
  })
}
