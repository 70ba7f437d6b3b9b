import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { targetOf } from '../../test/kit/calls.ts'
import { VirtualClock } from '../../test/kit/virtual-clock.ts'
import type { Attempt, Target } from '../core/attempt.ts'
import { type FailureCode, failure } from '../core/failure.ts'
import { failed, type Outcome, succeeded } from '../core/outcome.ts'
import { ownResponse } from '../core/response.ts'
import { SharedMemory } from '../kit/shared-memory.ts'
import { TlsLog } from './tls-log.ts'

function opened(origin = 'https://a:443') {
  const clock = new VirtualClock()
  const memory = new SharedMemory()
  const lines: string[] = []
  const target: Target = { ...targetOf('a'), origin }
  const options = { clock, memory, log: (text: string, level = 'info') => void lines.push(`${level} ${text}`) }
  const workers = [new TlsLog([target], options), new TlsLog([target], options)] as const
  const attempt: Attempt = {
    number: 1,
    kind: 'first',
    target,
    startedMs: 0,
    endedMs: 1,
    stalledMs: 0,
    outcome: undefined,
    status: undefined,
    detail: undefined,
    won: false,
  }
  const note = (outcome: Outcome, worker: 0 | 1 = 0): void => workers[worker].note(attempt, outcome)
  return { clock, lines, note }
}

const cause = Object.assign(new Error('broken'), { code: 'CERT_HAS_EXPIRED' })
const broken = (code: FailureCode = 'UPSTREAM_TLS') => failed(failure(code, 'a: so it is', { cause }))
const answered = succeeded(ownResponse(200, [], undefined))
const warning =
  'warn target a of upstream work: TLS failed: the certificate has expired (CERT_HAS_EXPIRED). ' +
  'Renew the certificate of the target, and check the clocks of both machines'
const recovered = 'info target a of upstream work: TLS works again'

describe('TlsLog', () => {
  it('warns once per target, whichever worker sees the failure and however often', async () => {
    const { clock, lines, note } = opened()
    for (let i = 0; i < 100; i++) {
      note(broken(), i % 2 === 0 ? 0 : 1)
      await clock.advance(60_000)
    }
    assert.deepEqual(lines, [warning])
  })

  it('warns again after a target has recovered', async () => {
    const { clock, lines, note } = opened()
    note(broken())
    await clock.advance(10_000)
    note(answered)
    note(answered, 1)
    note(broken())
    assert.deepEqual(lines, [warning, recovered, warning])
  })

  it('does not count answers on older connections as recovery while handshakes fail', async () => {
    const { clock, lines, note } = opened()
    for (let i = 0; i < 20; i++) {
      note(broken())
      await clock.advance(5000)
      note(answered)
    }
    assert.deepEqual(lines, [warning])
  })

  it('counts any status as a sign of recovery, but not a failure to connect', async () => {
    const { clock, lines, note } = opened()
    note(broken())
    await clock.advance(10_000)
    note(failed(failure('UPSTREAM_REFUSED', 'a: connection refused')))
    assert.equal(lines.length, 1)
    note(failed(failure('UPSTREAM_STATUS', 'a: status 500', { upstreamStatus: 500 })))
    assert.equal(lines[1], recovered)
  })

  it('ignores targets over plain HTTP', () => {
    const { lines, note } = opened('http://a:80')
    note(broken())
    assert.deepEqual(lines, [])
  })
})
