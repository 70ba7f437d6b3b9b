import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { requestOf, targetOf } from '../../../test/kit/calls.ts'
import { controlCharactersIn } from '../../../test/kit/control-characters.ts'
import { VirtualClock } from '../../../test/kit/virtual-clock.ts'
import type { CallEnd } from '../../core/events.ts'
import { type FailureCode, failure } from '../../core/failure.ts'
import type { GatewayRequest } from '../../core/request.ts'
import { EventBus } from '../../kit/event-bus.ts'
import { LiveCall } from '../../kit/live-call.ts'
import { logOptions } from '../log/options.ts'
import { Redaction } from '../redact.ts'
import type { AccessFacts } from './access-line.ts'
import { levelOf, startAccessLog } from './access-log.ts'

function open(change: Parameters<typeof logOptions.parse>[0] = {}, draws: readonly number[] = []) {
  const clock = new VirtualClock()
  const events = new EventBus()
  const lines: string[] = []
  const options = logOptions.parse({ access: true, ...(change as object) })
  let draw = 0
  const stop = startAccessLog(options, {
    events,
    clock,
    random: () => draws[draw++] ?? 0,
    redaction: new Redaction(options.redact),
    trusts: () => false,
    write: (line) => lines.push(line),
  })
  const route = { name: 'GET /api/work', strategy: 'forward', idleTimeoutMs: 0 }
  const newCall = () => new LiveCall({ id: 'call-1', route, clock, events })
  const end = (call: LiveCall, request: Partial<GatewayRequest>, how: Partial<CallEnd> = {}): void =>
    call.emit({
      type: 'call.ended',
      request: requestOf(request),
      end: { status: 200, failure: undefined, bytesSent: 5, ...how },
    })
  const facts = () => lines.map((line) => JSON.parse(line) as AccessFacts)
  return { clock, lines, facts, newCall, end, stop }
}

describe('the access log', () => {
  it('logs a call and its attempts on one line', async () => {
    const { clock, newCall, end, facts, lines } = open({ headers: ['User-Agent', 'X-None'] })
    const call = newCall()
    const first = call.begin(targetOf('b1'))
    await clock.advance(30.04)
    const second = call.begin(targetOf('b2'))
    await clock.advance(10)
    Object.assign(first, { outcome: 'server_error', status: 500, endedMs: 40.04, detail: 'b1: status 500' })
    Object.assign(second, { outcome: 'success', status: 200, endedMs: 40.04, won: true })
    end(call, { query: 'a=1&token=x', headers: ['user-agent', 'curl', 'x-forwarded-for', '192.0.2.1'] })
    assert.equal(lines[0]?.indexOf('\n'), (lines[0]?.length ?? 0) - 1)
    assert.deepEqual(facts(), [
      {
        level: 'info',
        time: '2023-11-14T22:13:20.040Z',
        msg: 'call',
        id: 'call-1',
        route: 'GET /api/work',
        strategy: 'forward',
        method: 'GET',
        url: '/api/work?a=1&token=***',
        status: 200,
        ms: 40,
        bytes: 5,
        client: '192.0.2.1',
        headers: { 'user-agent': 'curl' },
        attempts: [
          { target: 'b1', kind: 'first', at: 0, ms: 40, outcome: 'server_error', status: 500 },
          { target: 'b2', kind: 'first', at: 30, ms: 10, outcome: 'success', status: 200, won: true },
        ],
      },
    ])
  })

  it('logs how long a call was queued', async () => {
    const { clock, newCall, end, facts } = open()
    const call = newCall()
    call.queues(true)
    await clock.advance(190.04)
    call.queues(false)
    end(call, {})
    assert.equal(facts()[0]?.queuedMs, 190)
  })

  it('logs the failure and the trace if present', () => {
    const { newCall, end, facts } = open()
    const call = Object.assign(newCall(), { trace: { traceId: '0af7' } })
    end(call, {}, { status: 504, failure: failure('DEADLINE', 'No good answer came within 5 ms') })
    const { level, status, trace, detail, failure: code } = facts()[0] as AccessFacts
    assert.deepEqual(
      [level, status, trace, code, detail],
      ['warn', 504, '0af7', 'DEADLINE', 'No good answer came within 5 ms'],
    )
  })

  it('logs an attempt without outcome as cancelled or open', () => {
    const { newCall, end, facts } = open()
    const [gone, ended] = [newCall(), newCall()]
    for (const call of [gone, ended]) call.begin(targetOf('b1'))
    gone.abort(failure('CLIENT_GONE', 'gone'))
    end(gone, {})
    end(ended, {})
    assert.deepEqual(
      facts().map(({ attempts }) => attempts[0]?.outcome),
      ['cancelled', 'open'],
    )
  })

  const hostile = 'x"\\\n{"level":"error"}\r\u001b[2J\u0000\u007f\u009b\u2028\u202e'

  it('logs one line of JSON whatever a client sends', () => {
    const { newCall, end, facts, lines } = open({
      headers: ['x-evil', 'cookie', 'x-key'],
      redact: { headers: ['X-Key'] },
    })
    const headers = ['x-evil', hostile, 'Cookie', 'a=secret', 'x-key', 'secret', 'x-forwarded-for', hostile]
    end(newCall(), { method: 'M"', path: `/${hostile}`, query: `q=${hostile}&p%61ssword=secret`, headers })
    assert.deepEqual(controlCharactersIn(lines[0] ?? ''), ['U+000a'])
    assert.ok(!lines[0]?.includes('secret'))
    const { url, headers: told, client } = facts()[0] as AccessFacts
    assert.equal(url, `/${hostile}?q=${hostile}&p%61ssword=***`)
    assert.deepEqual(told, { 'x-evil': hostile, cookie: '***', 'x-key': '***' })
    assert.equal(client, hostile)
  })

  it('hides callback tokens, tickets and secrets in URLs of headers', () => {
    const { newCall, end, facts, lines } = open({ headers: ['referer'] })
    end(newCall(), { path: '/any.path', query: 'callback=s3cret' })
    end(newCall(), { path: '/_hedgerow/tickets/s3cret', headers: ['Referer', 'http://a.test/?token=s3cret'] })
    end(newCall(), { path: '/_hedgerow/deliveries/s3cret' })
    assert.ok(!lines.join('').includes('s3cret'))
    assert.deepEqual(
      facts().map(({ url }) => url),
      ['/any.path?callback=***', '/_hedgerow/tickets/***', '/_hedgerow/deliveries/***'],
    )
  })

  it('logs a call whose query consists of separators only', () => {
    const { newCall, end, lines } = open()
    end(newCall(), { query: `x${';'.repeat(15_000)}=x` })
    assert.equal(lines.length, 1)
  })

  it('samples good calls and logs all failed ones', () => {
    const { newCall, end, lines } = open({ sample: '10%' }, [0.05, 0.1, 0.5, 0.09])
    for (let i = 0; i < 4; i++) end(newCall(), {})
    assert.equal(lines.length, 2)
    for (let i = 0; i < 4; i++) end(newCall(), {}, { status: 502 })
    assert.equal(lines.length, 6)
  })

  it('logs only from its level up', () => {
    const { newCall, end, facts } = open({ level: 'warn' })
    end(newCall(), {})
    end(newCall(), {}, { status: 500 })
    end(newCall(), {}, { status: 500, failure: failure('INTERNAL', 'x') })
    assert.deepEqual(
      facts().map(({ level }) => level),
      ['warn', 'error'],
    )
  })

  it('logs nothing after it is stopped', () => {
    const { newCall, end, lines, stop } = open()
    stop()
    end(newCall(), {})
    assert.deepEqual(lines, [])
  })

  it('does not log client errors as warnings', () => {
    const of = (code: FailureCode) => levelOf({ status: 400, failure: failure(code, ''), bytesSent: 0 })
    assert.deepEqual(
      (['NO_ROUTE', 'CLIENT_GONE', 'UPSTREAM_REFUSED', 'NO_TARGET', 'DEADLINE', 'INTERNAL'] as const).map(of),
      ['info', 'info', 'warn', 'warn', 'warn', 'error'],
    )
  })
})
