import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Failure, failure } from '../../core/failure.ts'
import { ChannelClosed } from '../../kit/rpc.ts'
import type { PlainEnd, PlainRequest } from './call-message.ts'
import { ForwardedCalls } from './forwarded-calls.ts'

const request: PlainRequest = {
  method: 'POST',
  path: '/back',
  query: '',
  params: {},
  headers: [],
  body: undefined,
} as unknown as PlainRequest
const callOf = (number: number) => ({
  number,
  service: 'POST /back',
  request,
  call: { id: String(number), startedAtMs: 0, deadlineAtMs: 1000, trace: undefined },
})
const gone = failure('CLIENT_GONE', 'It hung up')
const end: PlainEnd = {
  outcome: { ok: true, status: 200, headers: [], body: undefined },
  attempts: [],
  winner: undefined,
}

/** A worker that serves calls, and answers when the test says so. */
function fakeWorker() {
  const served: { readonly number: number; resolve(value: PlainEnd): void; reject(fault: Error): void }[] = []
  const aborted: number[] = []
  return {
    served,
    aborted,
    channel: {
      call: (_to: 'serve', [, number]: readonly [string, number, ...unknown[]]) =>
        new Promise<PlainEnd>((resolve, reject) => served.push({ number, resolve, reject })),
      notify: (_to: 'abortCall', number: number, _reason: Failure) => void aborted.push(number),
    },
  }
}

describe('ForwardedCalls', () => {
  it('aborts one call and leaves the others alone', async () => {
    const [worker, one, other] = [fakeWorker(), new ForwardedCalls(), new ForwardedCalls()]
    const ends = [
      one.serve(worker.channel, callOf(1)),
      one.serve(worker.channel, callOf(2)),
      other.serve(worker.channel, callOf(1)),
    ]
    assert.equal(new Set(worker.served.map(({ number }) => number)).size, 3)
    one.abort(2, gone)
    assert.deepEqual(worker.aborted, [worker.served[1]?.number])
    for (const { resolve } of worker.served) resolve(end)
    assert.deepEqual(await Promise.all(ends), [end, end, end])
  })

  it('keeps nothing of a call that has ended', async () => {
    const [worker, calls] = [fakeWorker(), new ForwardedCalls()]
    const served = calls.serve(worker.channel, callOf(1))
    worker.served[0]?.resolve(end)
    await served
    calls.abort(1, gone)
    calls.close()
    assert.deepEqual(worker.aborted, [])
  })

  it('aborts every call of a worker that has ended', () => {
    const [worker, calls] = [fakeWorker(), new ForwardedCalls()]
    void calls.serve(worker.channel, callOf(1))
    void calls.serve(worker.channel, callOf(2))
    calls.close()
    assert.deepEqual(
      worker.aborted,
      worker.served.map(({ number }) => number),
    )
  })

  it('fails a call with WORKER_LOST when the serving worker ends', async () => {
    const [worker, calls] = [fakeWorker(), new ForwardedCalls()]
    const served = calls.serve(worker.channel, callOf(1))
    worker.served[0]?.reject(new ChannelClosed('worker 2 has ended'))
    const { outcome } = await served
    assert.ok(!outcome.ok)
    assert.equal(outcome.failure.code, 'WORKER_LOST')
  })
})
