import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { failureOf, targetOf } from '../../../test/kit/calls.ts'
import { layerBench } from '../../../test/kit/layers.ts'
import type { FailureCode } from '../../core/failure.ts'
import type { Layer } from '../../core/service.ts'
import { attemptTelemetry } from '../../telemetry/attempt-telemetry.ts'
import { balance } from './balance.ts'
import { elsewhere } from './elsewhere.ts'
import { allOf, type Rotation } from './rotation.ts'
import { roundRobin } from './round-robin.ts'

type Fates = Readonly<Record<string, FailureCode>>

/** A call that sends the given number of attempts, to targets that each fail in their own way. */
async function failing(fates: Fates, attempts: number, change: Partial<Rotation> = {}) {
  const rotation = { ...allOf(Object.keys(fates).map((name) => targetOf(name))), ...change }
  const again: Layer = (next) => async (request, call) => {
    let outcome = await next(request, call)
    for (let i = 1; i < attempts; i++) outcome = await next(request, call.fork('retry'))
    return outcome
  }
  const { clock, upstream, send } = layerBench(
    (clock) => (next) => {
      const telemetry = attemptTelemetry({ clock, statusCounts: () => true })
      return again(elsewhere(rotation)(balance(roundRobin(rotation), 'work')(telemetry(next))))
    },
    (_place, { attempt }) => ({ afterMs: 1, fails: fates[attempt?.target.name ?? ''] ?? 'INTERNAL' }),
  )
  const { answer } = send()
  await clock.advance(100)
  const { code, retry } = failureOf(answer.outcome)
  return { code, retry, asked: upstream.seen.map(({ request }) => request.attempt?.target.name).join('') }
}

describe('elsewhere', () => {
  it('allows a retry after a TLS failure while there is another target', async () => {
    const { code, retry } = await failing({ a: 'UPSTREAM_TLS', b: 'UPSTREAM_TLS' }, 1)
    assert.deepEqual([code, retry], ['UPSTREAM_TLS', 'safe'])
  })

  it('allows no retry once TLS has failed at every target', async () => {
    const { retry, asked } = await failing({ a: 'UPSTREAM_TLS', b: 'UPSTREAM_TLS' }, 2)
    assert.deepEqual([retry, asked], ['no', 'ab'])
  })

  it('allows no retry when the other target is unavailable', async () => {
    const isAvailable = (index: number): boolean => index === 0
    assert.equal((await failing({ a: 'UPSTREAM_TLS', b: 'UPSTREAM_TLS' }, 1, { isAvailable })).retry, 'no')
  })

  it('leaves other failures unchanged', async () => {
    assert.equal((await failing({ a: 'UPSTREAM_RESET', b: 'UPSTREAM_RESET' }, 1)).retry, 'unsafe')
  })

  it('prefers a target that failed otherwise to one whose TLS fails', async () => {
    const { asked } = await failing({ a: 'UPSTREAM_TLS', b: 'UPSTREAM_RESET' }, 4)
    assert.equal(asked, 'abbb')
  })
})
