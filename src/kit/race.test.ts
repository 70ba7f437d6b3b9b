import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { callOf, codeOf, requestOf, textOf, watch } from '../../test/kit/calls.ts'
import { FakeUpstream, type Script } from '../../test/kit/fake-upstream.ts'
import { settled, VirtualClock } from '../../test/kit/virtual-clock.ts'
import { failure } from '../core/failure.ts'
import { failed, succeeded } from '../core/outcome.ts'
import type { Service } from '../core/service.ts'
import { type Judge, type RaceOptions, type RaceView, race, type Step } from './race.ts'

const request = requestOf()

interface Setup {
  readonly script?: readonly Script[]
  readonly service?: (upstream: FakeUpstream) => Service
}

function raced(judge: Judge, { script = [], service = (upstream) => upstream.service }: Setup = {}) {
  const clock = new VirtualClock()
  const upstream = new FakeUpstream(clock, script)
  const { call } = callOf(clock)
  const faults: unknown[] = []
  const views: { readonly atMs: number; readonly ended: number }[] = []
  const watching: Judge = (view) => {
    views.push({ atMs: view.elapsedMs, ended: view.runners.filter(({ outcome }) => outcome !== undefined).length })
    return judge(view)
  }
  const start = () => {
    const outcome = race({ judge: watching, next: service(upstream), request, call, clock })
    outcome.catch((error: unknown) => faults.push(error))
    return watch(
      outcome.catch(() => new Promise<never>(() => {})),
      clock,
    )
  }
  return { clock, upstream, call, faults, views, start }
}

/** Sends `count` at once and lets the first outcome decide. */
function firstOf(count: number): Judge {
  return ({ runners, aborted }) => {
    if (aborted !== undefined) return { do: 'settle', outcome: failed(aborted) }
    if (runners.length === 0) return { do: 'send', count, kind: 'duplicate' }
    const keep = runners.findIndex(({ outcome }) => outcome !== undefined)
    const outcome = runners[keep]?.outcome
    return outcome === undefined ? { do: 'wait' } : { do: 'settle', outcome, keep }
  }
}

const enough = failure('CANCELLED', 'enough')

const hang: Script = { afterMs: 0, hangs: true }

describe('race', () => {
  it('asks the judge at the start, at each outcome, and at each requested time', async () => {
    const judge: Judge = ({ runners, elapsedMs }) => {
      if (runners.length === 0) return { do: 'send', count: 2, kind: 'duplicate' }
      const ended = runners.filter(({ outcome }) => outcome !== undefined).length
      if (ended === 2) return { do: 'settle', outcome: failed(failure('CANCELLED', 'enough')) }
      return elapsedMs < 40 ? { do: 'wait', untilMs: elapsedMs + 25 } : { do: 'wait' }
    }
    const script = [
      { afterMs: 10, fails: 'UPSTREAM_RESET' },
      { afterMs: 100, fails: 'UPSTREAM_RESET' },
    ] as const
    const { clock, views, start } = raced(judge, { script })
    start()
    await clock.advance(200)
    assert.deepEqual(views, [
      { atMs: 0, ended: 0 },
      { atMs: 0, ended: 0 },
      { atMs: 10, ended: 1 },
      { atMs: 35, ended: 1 },
      { atMs: 60, ended: 1 },
      { atMs: 100, ended: 2 },
    ])
    assert.equal(clock.pendingCount, 0)
  })

  it('asks once at the requested time, though rounding puts the elapsed time below it', async () => {
    const judge: Judge = ({ runners, elapsedMs }) => {
      if (views.length > 9) throw new Error('asked without end')
      if (runners.length === 0) return { do: 'send', count: 1, kind: 'first' }
      return elapsedMs < 300 ? { do: 'wait', untilMs: 300 } : { do: 'settle', outcome: failed(enough) }
    }
    const { clock, views, faults, start } = raced(judge, { script: [hang] })
    // (8388607.97 + 300) - 8388607.97 is 299.9999999990687: beyond 2^23 doubles are spaced further apart.
    await clock.advance(8_388_607.97)
    const answer = start()
    await clock.advance(301)
    assert.deepEqual(faults, [])
    assert.equal(codeOf(answer.outcome), 'CANCELLED')
    assert.deepEqual(
      views.map(({ atMs }) => atMs),
      [0, 0, 300],
    )
  })

  it('keeps the winner, aborts the losers as cancelled, and stops asking', async () => {
    const script = [hang, { afterMs: 10, body: 'won', bodyAfterMs: 50 }, { afterMs: 30 }]
    const { clock, upstream, views, start } = raced(firstOf(3), { script })
    const answer = start()
    await clock.advance(10)
    assert.equal(codeOf(answer.outcome), 'ok')
    assert.deepEqual(
      upstream.seen.map(({ aborted, endedMs }) => [aborted?.code, endedMs]),
      [
        ['CANCELLED', 10],
        [undefined, undefined],
        ['CANCELLED', 10],
      ],
    )
    const asked = views.length
    await clock.runAll()
    assert.equal(views.length, asked)
    assert.equal(upstream.openCount, 0)
  })

  it('aborts a response that arrived but was not kept, while its body still streams', async () => {
    const judge: Judge = ({ runners }) => {
      if (runners.length === 0) return { do: 'send', count: 2, kind: 'duplicate' }
      const outcome = runners[1]?.outcome
      return outcome === undefined ? { do: 'wait' } : { do: 'settle', outcome, keep: 1 }
    }
    const { clock, upstream, start } = raced(judge, { script: [{ afterMs: 5, bodyAfterMs: 500 }, { afterMs: 20 }] })
    start()
    await clock.advance(20)
    assert.equal(upstream.seen[0]?.aborted?.code, 'CANCELLED')
    assert.equal(upstream.openCount, 0)
  })

  for (const code of ['DEADLINE', 'CLIENT_GONE'] as const) {
    it(`settles at once when the call is aborted, and passes the reason to each runner: ${code}`, async () => {
      const { clock, upstream, call, start } = raced(firstOf(2), { script: [hang, hang] })
      const answer = start()
      await clock.advance(70)
      call.abort(failure(code, 'over'))
      await settled()
      assert.equal(codeOf(answer.outcome), code)
      assert.equal(answer.settledMs, 70)
      assert.deepEqual(
        upstream.seen.map(({ aborted }) => aborted?.code),
        [code, code],
      )
    })
  }

  it('sends nothing for a call that is already aborted', async () => {
    const { upstream, call, start } = raced(firstOf(2))
    call.abort(failure('CLIENT_GONE', 'gone'))
    const answer = start()
    await settled()
    assert.equal(codeOf(answer.outcome), 'CLIENT_GONE')
    assert.equal(upstream.seen.length, 0)
  })

  it('settles an aborted call even if the judge would go on', async () => {
    const judge: Judge = ({ runners }) =>
      runners.length < 5 ? { do: 'send', count: 1, kind: 'hedge' } : { do: 'wait', untilMs: 1e6 }
    const { clock, upstream, call, start } = raced(judge)
    const answer = start()
    await clock.advance(10)
    call.abort(failure('DEADLINE', 'over'))
    await settled()
    assert.equal(codeOf(answer.outcome), 'DEADLINE')
    assert.deepEqual([upstream.seen.length, upstream.openCount, clock.pendingCount], [5, 0, 0])
  })

  it('lets a later abort of the call end a winner that still streams', async () => {
    const { clock, upstream, call, start } = raced(firstOf(1), { script: [{ afterMs: 5, bodyAfterMs: 500 }] })
    start()
    await clock.advance(10)
    assert.equal(upstream.openCount, 1)
    call.abort(failure('CLIENT_GONE', 'gone'))
    assert.equal(upstream.openCount, 0)
    assert.equal(upstream.seen[0]?.aborted?.code, 'CLIENT_GONE')
  })

  it('aborts dropped runners when it sends more, and counts them as ended', async () => {
    const seen: (readonly boolean[])[] = []
    const judge: Judge = ({ runners, elapsedMs }): Step => {
      seen.push(runners.map(({ dropped, outcome }) => dropped && outcome?.ok === false))
      if (runners.length === 0) return { do: 'send', count: 1, kind: 'first' }
      if (runners.length === 1 && elapsedMs < 20) return { do: 'wait', untilMs: 20 }
      if (runners.length === 1) return { do: 'send', count: 1, kind: 'hedge', drop: [0] }
      const outcome = runners[1]?.outcome
      return outcome === undefined ? { do: 'wait' } : { do: 'settle', outcome, keep: 1 }
    }
    const { clock, upstream, start } = raced(judge, { script: [{ afterMs: 30 }, { afterMs: 30, body: 'second' }] })
    const answer = start()
    await clock.advance(100)
    assert.equal(textOf(answer.outcome), 'second')
    assert.equal(upstream.seen[0]?.aborted?.code, 'CANCELLED')
    assert.equal(upstream.seen[0]?.endedMs, 20)
    assert.deepEqual(seen.at(-1), [true, false])
  })

  it('gives each runner the request of its index and its own kind and times', async () => {
    const clock = new VirtualClock()
    const upstream = new FakeUpstream(clock, [{ afterMs: 10, fails: 'UPSTREAM_RESET' }, { afterMs: 7 }])
    const { call } = callOf(clock)
    let last: RaceView | undefined
    const judge: Judge = (view) => {
      last = view
      const { runners } = view
      if (runners.length === 0) return { do: 'send', count: 1, kind: 'first' }
      if (runners[0]?.outcome === undefined) return { do: 'wait' }
      if (runners.length === 1) return { do: 'send', count: 1, kind: 'hedge' }
      const outcome = runners[1]?.outcome
      return outcome === undefined ? { do: 'wait' } : { do: 'settle', outcome, keep: 1 }
    }
    const next: RaceOptions['next'] = (request, fork, index) =>
      upstream.service({ ...request, path: `/${index}` }, fork)
    await clock.advance(1000)
    const answer = watch(race({ judge, next, request: requestOf(), call, clock }), clock)
    await clock.advance(50)
    assert.equal(codeOf(answer.outcome), 'ok')
    assert.deepEqual(
      upstream.seen.map(({ request, call }) => [request.path, call.kind]),
      [
        ['/0', 'first'],
        ['/1', 'hedge'],
      ],
    )
    assert.deepEqual(
      last?.runners.map(({ sentMs, endedMs }) => [sentMs, endedMs]),
      [
        [0, 10],
        [10, 17],
      ],
    )
  })
})

describe('race with services that break the contract', () => {
  it('discards a response that arrives after its attempt was aborted', async () => {
    const ended: string[] = []
    const stubborn = (upstream: FakeUpstream): Service => {
      const late: Service = async () => {
        await new Promise<void>((resolve) => clock.after(50, resolve))
        const body = { pipe: () => {}, resume: () => {}, discard: () => ended.push('body') }
        const upgraded = { destroy: () => ended.push('socket') } as never
        return succeeded({ status: 101, headers: [], body, attempt: undefined, upgraded })
      }
      return (request, call) => (upstream.seen.length === 0 ? upstream.service(request, call) : late(request, call))
    }
    const { clock, start } = raced(firstOf(2), { script: [{ afterMs: 10 }], service: stubborn })
    const answer = start()
    await clock.advance(20)
    assert.equal(codeOf(answer.outcome), 'ok')
    assert.deepEqual(ended, [])
    await clock.advance(50)
    assert.deepEqual(ended, ['body', 'socket'])
  })

  const error = new Error('a fault of programming')
  const faulty: readonly (readonly [string, (index: number) => Promise<never>])[] = [
    ['rejects', () => Promise.reject(error)],
    [
      'throws',
      () => {
        throw error
      },
    ],
  ]
  for (const [how, break_] of faulty) {
    it(`ends with the exception of a service that ${how}, and leaves nothing running`, async () => {
      const service = (upstream: FakeUpstream): Service => {
        return (request, call) => (upstream.seen.length === 1 ? break_(1) : upstream.service(request, call))
      }
      const judge: Judge = (view) => {
        const step = firstOf(3)(view)
        return step.do === 'wait' ? { ...step, untilMs: 1000 } : step
      }
      const { upstream, clock, faults, start } = raced(judge, { script: [hang, hang, hang], service })
      start()
      await settled()
      assert.deepEqual(faults, [error])
      assert.deepEqual([upstream.openCount, clock.pendingCount], [0, 0])
    })
  }

  for (const [when, atEnded] of [
    ['at once', 0],
    ['at an outcome', 1],
  ] as const) {
    it(`ends with the exception of a judge that throws ${when}, and leaves nothing running`, async () => {
      const judge: Judge = ({ runners }) => {
        if (runners.length === 0) return { do: 'send', count: 2, kind: 'duplicate' }
        if (runners.filter(({ outcome }) => outcome !== undefined).length >= atEnded) throw error
        return { do: 'wait', untilMs: 1000 }
      }
      const { upstream, clock, faults, start } = raced(judge, { script: [{ afterMs: 5 }, hang] })
      start()
      await clock.advance(10)
      assert.deepEqual(faults, [error])
      assert.deepEqual([upstream.openCount, clock.pendingCount], [0, 0])
    })
  }

  it('ends with the exception of a judge that throws in a timer, without touching the clock', async () => {
    const judge: Judge = ({ runners, elapsedMs }) => {
      if (runners.length === 0) return { do: 'send', count: 1, kind: 'first' }
      if (elapsedMs >= 100) throw error
      return { do: 'wait', untilMs: 100 }
    }
    const { upstream, clock, faults, start } = raced(judge, { script: [hang] })
    start()
    await clock.advance(200)
    assert.deepEqual(faults, [error])
    assert.deepEqual([upstream.openCount, clock.pendingCount], [0, 0])
  })
})
