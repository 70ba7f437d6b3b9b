import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { good, scene } from '../../test/kit/broadcast-scene.ts'
import { responseOf } from '../../test/kit/calls.ts'
import { failure } from '../core/failure.ts'
import { memoryStore } from '../store/memory-store.ts'

/** A store that, after `hold`, reports its results only on request. */
function heldStore() {
  const store = memoryStore({ limits: { maxUndeliveredBytes: 1e9 } })
  const untold: (() => void)[] = []
  let isHeld = false
  for (const name of ['insert', 'update'] as const) {
    const work = store[name].bind(store) as (what: never) => Promise<unknown>
    Object.assign(store, {
      [name]: async (what: never) => {
        const result = await work(what)
        if (isHeld) await new Promise<void>((resolve) => untold.push(resolve))
        return result
      },
    })
  }
  const hold = (): void => {
    isHeld = true
  }
  const tellOne = (): void => untold.shift()?.()
  const tellAll = (): void => {
    isHeld = false
    for (const one of untold.splice(0)) one()
  }
  return { store, hold, tellOne, tellAll }
}

describe('a slow store', () => {
  it('keeps the writes of a lane in order, even if the client of a later one has gone', async () => {
    const { store, hold, tellAll } = heldStore()
    const { clock, write, upstream } = scene(() => good, { order: { by: 'form.username' } }, store, { names: ['a'] })
    hold()
    write({ body: Buffer.from('username=bob&n=1') })
    const second = write({ body: Buffer.from('username=bob&n=2') })
    await clock.advance(1)
    second.call.abort(failure('CLIENT_GONE', 'The client has gone'))
    await clock.advance(1)
    tellAll()
    await clock.advance(1000)
    const sent = upstream.seen.map(({ request }) => Buffer.from(request.body as Uint8Array).toString())
    assert.deepEqual(sent, ['username=bob&n=1', 'username=bob&n=2'])
  })

  it('has a write counted as accepted although its client has gone', async () => {
    const { store, hold, tellAll } = heldStore()
    const { clock, write } = scene(() => good, {}, store)
    hold()
    const { answer, events } = write()
    await clock.advance(6000)
    assert.equal(answer.outcome?.ok, false)
    tellAll()
    await clock.advance(1000)
    assert.deepEqual(events, [{ type: 'delivery.accepted', deliveryId: 'id-1', legs: 3 }])
  })

  it('answers a repeated key with 201 while the last leg is saved (respond: all)', async () => {
    const { store, hold, tellOne, tellAll } = heldStore()
    const answers = (target: string) => (target === 'c' ? { ...good, afterMs: 500 } : good)
    const { clock, write } = scene(answers, { respond: 'all' }, store)
    const keyed = { headers: ['idempotency-key', 'k'] }
    const first = write(keyed)
    await clock.advance(100)
    hold()
    await clock.advance(390)
    const again = write(keyed)
    await clock.advance(30)
    assert.equal(responseOf(first.answer.outcome).status, 201)
    tellOne()
    await clock.advance(1)
    assert.equal(responseOf(again.answer.outcome).status, 201)
    tellAll()
  })
})
