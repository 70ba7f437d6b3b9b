import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../../test/kit/virtual-clock.ts'
import { SharedMemory } from '../kit/shared-memory.ts'
import { ShortageLog } from './shortage-log.ts'

function opened() {
  const clock = new VirtualClock()
  const lines: string[] = []
  const options = { clock, memory: new SharedMemory(), log: (text: string) => void lines.push(text) }
  return { clock, lines, one: new ShortageLog(options), other: new ShortageLog(options) }
}

describe('ShortageLog', () => {
  it('warns once per kind while it lasts, for all workers together', async () => {
    const { clock, lines, one, other } = opened()
    for (let i = 0; i < 100; i++) {
      one.onConnect('EMFILE')
      other.onAccept('EMFILE')
      other.onConnect('EADDRNOTAVAIL')
      await clock.advance(30_000)
    }
    assert.equal(lines.length, 2)
    assert.match(lines[0] ?? '', /^the gateway has no free file descriptor \(EMFILE\): .* Remedy: raise its limit/)
    assert.match(lines[1] ?? '', /\(EADDRNOTAVAIL\)/)
  })

  it('warns again once it has been over for a minute', async () => {
    const { clock, lines, one, other } = opened()
    one.onConnect('EMFILE')
    await clock.advance(60_000)
    other.onConnect('EMFILE')
    assert.equal(lines.length, 2)
  })

  it('ignores codes that are not a shortage', () => {
    const { lines, one } = opened()
    for (const code of ['', 'ECONNABORTED', 'ECONNREFUSED']) one.onAccept(code)
    assert.deepEqual(lines, [])
  })
})
