import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../../../test/kit/virtual-clock.ts'
import type { Inspector } from '../../admin/inspector.ts'
import type { ProcessFigures } from '../../kit/process-probe.ts'
import type { RecordedCall } from '../../telemetry/recorder/recorded-call.ts'
import { noConnections } from '../../transport/server/connection-counts.ts'
import { localInspector } from './local.ts'
import { mergedInspector } from './merged.ts'

const empty = localInspector(() => ({}))
const never = new Promise<never>(() => {})

function merged(...views: readonly Partial<Inspector>[]) {
  const clock = new VirtualClock()
  const present: Inspector[] = views.map((view) => Object.assign({}, empty, view))
  return { clock, present, all: mergedInspector(() => present, clock) }
}

const callOf = (id: string, startedAtMs: number, durationMs: number): RecordedCall => ({
  id,
  route: 'GET /a',
  strategy: 'forward',
  method: 'GET',
  url: '/a',
  startedAt: new Date(startedAtMs).toISOString(),
  durationMs,
  status: 500,
  failure: undefined,
  deadlineMs: undefined,
  queuedMs: undefined,
  bytesSent: 0,
  traceId: undefined,
  attempts: [],
})

function processOf(n: number): ProcessFigures {
  return {
    startedAtMs: 1000 + n,
    cpuUserMs: n,
    cpuSystemMs: n,
    memory: { residentBytes: n, heapUsedBytes: n, heapTotalBytes: n, externalBytes: n },
    loop: { activeMs: n, delayMs: { p50: 10 - n, p99: n, max: n } },
  }
}

describe('views of several threads, merged', () => {
  it('list calls in the order of a single recorder, up to the requested number', async () => {
    const [old, slow, late] = [callOf('old', 1000, 5), callOf('slow', 1000, 900), callOf('late', 5000, 1)]
    const { all } = merged(
      { calls: async () => [late, old], call: async () => old },
      { calls: async () => [slow], call: async () => late },
    )
    const idsOf = async (which: 'failed' | 'slow', limit: number) =>
      (await all.calls({ which, route: undefined, limit })).map(({ id }) => id)
    assert.deepEqual(await idsOf('failed', 9), ['late', 'slow', 'old'])
    assert.deepEqual(await idsOf('slow', 2), ['slow', 'old'])
    assert.equal((await all.call('twice'))?.id, 'late')
    assert.equal(await merged({}, {}).all.call('none'), undefined)
  })

  it('add up connections, also per upstream, and calls in flight', async () => {
    const connections = async () => ({
      ...noConnections,
      active: 2,
      reading: 1,
      waiting: 1,
      accepted: 5,
      failed: 3,
      malformed: { 400: 1, 408: 0, 431: 2 },
    })
    const { all } = merged(
      { connections, inFlight: async () => 3, targetConnections: async () => ({ a: { open: 2, idle: 1 } }) },
      {
        connections,
        inFlight: async () => 4,
        targetConnections: async () => ({ a: { open: 1, idle: 0 }, b: { open: 1, idle: 1 } }),
      },
    )
    assert.deepEqual(await all.connections(), {
      active: 4,
      reading: 2,
      writing: 0,
      waiting: 2,
      accepted: 10,
      refused: 0,
      failed: 6,
      requests: 0,
      malformed: { 400: 2, 408: 0, 431: 4 },
    })
    assert.deepEqual(await all.targetConnections(), { a: { open: 3, idle: 1 }, b: { open: 1, idle: 1 } })
    assert.equal(await all.inFlight(), 7)
  })

  it('report the latest failure of each target, and the clients that have waited longest', async () => {
    const failure = (target: string, atMs: number) => ({ upstream: 'work', target, atMs, detail: `at ${atMs}` })
    const waiter = (id: string, startedAtMs: number) =>
      ({ id, route: 'POST /a', state: 'registered', startedAtMs, expiresAtMs: 9000 }) as const
    const { all } = merged(
      {
        lastFailures: async () => [failure('a', 1), failure('b', 7)],
        waiters: async () => ({ open: 5, waiters: [waiter('x', 1), waiter('z', 3)] }),
      },
      {
        lastFailures: async () => [failure('a', 2), failure('b', 6)],
        waiters: async () => ({ open: 1, waiters: [waiter('y', 2)] }),
      },
    )
    assert.deepEqual(await all.lastFailures(), [failure('a', 2), failure('b', 7)])
    assert.deepEqual(await all.waiters(2), { open: 6, waiters: [waiter('x', 1), waiter('y', 2)] })
  })

  it('report the process once, the worst event loop delay, and the sums of event loop work and heaps', async () => {
    const { all } = merged({ process: async () => processOf(1) }, { process: async () => processOf(2) }, {})
    assert.deepEqual(await all.process(), {
      startedAtMs: 1001,
      cpuUserMs: 2,
      cpuSystemMs: 2,
      memory: { residentBytes: 2, heapUsedBytes: 3, heapTotalBytes: 3, externalBytes: 3 },
      loop: { activeMs: 3, delayMs: { p50: 9, p99: 2, max: 2 } },
    })
    assert.equal(await merged({}).all.process(), undefined)
  })

  it('leave out a thread that fails or does not answer within a second', async () => {
    const { all, clock } = merged(
      { inFlight: () => never },
      { inFlight: () => Promise.reject(new Error('it has died')) },
      {
        inFlight: () => {
          throw new Error('its port is closed')
        },
      },
      { inFlight: async () => 2 },
    )
    const asked = all.inFlight()
    await clock.advance(1000)
    assert.equal(await asked, 2)
    assert.equal(clock.pendingCount, 0)
  })

  it('never lower a counter when a thread is silent, has ended, or is new', async () => {
    let isSilent = false
    const told = (accepted: number) => async () => ({ ...noConnections, accepted, active: 1 })
    const { all, clock, present } = merged(
      { connections: () => (isSilent ? never : told(5)()), dropped: async () => ({ spans: 2 }) },
      { connections: told(7), dropped: async () => ({ spans: 1, log_lines: 1 }) },
    )
    const accepted = async () => {
      const asked = all.connections()
      await clock.advance(1000)
      const { accepted: count, active } = await asked
      return [count, active]
    }
    assert.deepEqual(await accepted(), [12, 2])
    isSilent = true
    assert.deepEqual(await accepted(), [12, 1])
    assert.deepEqual(await all.dropped(), { spans: 3, log_lines: 1 })
    present.shift()
    assert.deepEqual(await accepted(), [12, 1])
    assert.deepEqual(await all.dropped(), { spans: 3, log_lines: 1 })
    present.push({ ...empty, connections: told(1) })
    assert.deepEqual(await accepted(), [13, 2])
  })
})
