import assert from 'node:assert/strict'
import type { LookupAddress } from 'node:dns'
import { describe, it } from 'node:test'
import { settled, VirtualClock } from '../../../test/kit/virtual-clock.ts'
import { Addresses } from './dns-cache.ts'

/** A name with addresses set by the test; `none`: the name does not resolve. */
function named(first: string) {
  const clock = new VirtualClock()
  let now = first
  let asked = 0
  let gate = Promise.resolve()
  const resolve = async (): Promise<readonly LookupAddress[]> => {
    asked++
    await gate
    if (now === 'none') throw Object.assign(new Error('none'), { code: 'ENOTFOUND' })
    return now.split(' ').map((address) => ({ address, family: 4 }))
  }
  const addresses = new Addresses({ host: 'work.internal', everyMs: 30_000, clock, resolve })
  const lookup = (): Promise<string> =>
    new Promise((tell) => {
      addresses.lookup('work.internal', { all: true }, (error, found) => {
        tell(error === null ? (found as LookupAddress[]).map(({ address }) => address).join(' ') : String(error.code))
      })
    })
  return {
    clock,
    addresses,
    lookup,
    asked: () => asked,
    /** Delays answers from now on until this resolves. */
    hold: (until: Promise<void>) => {
      gate = until
    },
    becomes: (next: string) => {
      now = next
    },
  }
}

describe('Addresses', () => {
  it('lists each address first in turn, followed by the others', async () => {
    const { lookup, asked } = named('1.1.1.1 2.2.2.2 3.3.3.3')
    assert.deepEqual(
      [await lookup(), await lookup(), await lookup(), await lookup()],
      ['1.1.1.1 2.2.2.2 3.3.3.3', '2.2.2.2 3.3.3.3 1.1.1.1', '3.3.3.3 1.1.1.1 2.2.2.2', '1.1.1.1 2.2.2.2 3.3.3.3'],
    )
    assert.equal(asked(), 1)
  })

  it('resolves once for all callers that wait for the first answer', async () => {
    const { lookup, asked } = named('1.1.1.1')
    await Promise.all([lookup(), lookup(), lookup()])
    assert.equal(asked(), 1)
  })

  it('resolves again when its answer is old, without making a caller wait', async () => {
    const { clock, lookup, asked, becomes, hold } = named('1.1.1.1')
    await lookup()
    becomes('2.2.2.2')
    const { promise, resolve } = Promise.withResolvers<void>()
    hold(promise)
    await clock.advance(29_999)
    assert.equal(await lookup(), '1.1.1.1')
    assert.equal(asked(), 1)
    await clock.advance(1)
    assert.equal(await lookup(), '1.1.1.1')
    resolve()
    await settled()
    assert.equal(await lookup(), '2.2.2.2')
  })

  it('resolves again even if connections are only reused', async () => {
    const { clock, addresses, lookup, becomes } = named('1.1.1.1')
    await lookup()
    const { generation } = addresses
    await clock.advance(30_000)
    becomes('2.2.2.2')
    addresses.refresh()
    await settled()
    assert.deepEqual(
      [addresses.generation, addresses.has('1.1.1.1'), addresses.has('2.2.2.2')],
      [generation + 1, false, true],
    )
  })

  it('keeps its generation if only the order of addresses changes', async () => {
    const { clock, addresses, lookup, becomes } = named('1.1.1.1 2.2.2.2')
    await lookup()
    const { generation } = addresses
    becomes('2.2.2.2 1.1.1.1')
    await clock.advance(30_000)
    addresses.refresh()
    await settled()
    assert.equal(addresses.generation, generation)
  })

  it('keeps its last addresses while the name does not resolve', async () => {
    const { clock, lookup, becomes, asked } = named('1.1.1.1')
    await lookup()
    becomes('none')
    for (let i = 0; i < 3; i++) {
      await clock.advance(30_000)
      assert.equal(await lookup(), '1.1.1.1')
    }
    assert.equal(asked(), 4)
  })

  it('reports the error of a name that never resolved, and asks again each time', async () => {
    const { lookup, becomes } = named('none')
    assert.equal(await lookup(), 'ENOTFOUND')
    assert.equal(await lookup(), 'ENOTFOUND')
    becomes('1.1.1.1')
    assert.equal(await lookup(), '1.1.1.1')
  })
})
