import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../../test/kit/virtual-clock.ts'
import { TokenGuesses } from './token-guesses.ts'

function opened() {
  const clock = new VirtualClock()
  const logged: string[] = []
  const guesses = new TokenGuesses({ clock, log: (text) => logged.push(text) })
  const times = (count: number, client: string): readonly number[] =>
    Array.from({ length: count }, () => guesses.note(client))
  return { clock, logged, guesses, times }
}

describe('TokenGuesses', () => {
  it('delays a client after ten wrong tokens, with one log line', () => {
    const { logged, times } = opened()
    assert.deepEqual(
      times(10, '192.0.2.1'),
      Array.from({ length: 10 }, () => 0),
    )
    assert.deepEqual(times(3, '192.0.2.1'), [1000, 1000, 1000])
    assert.deepEqual(times(1, '192.0.2.2'), [0])
    assert.deepEqual(logged, [
      'admin: 10 wrong tokens from 192.0.2.1 within a minute; further attempts are slowed down',
    ])
  })

  it('forgets a client a minute after its first wrong token', async () => {
    const { clock, times } = opened()
    times(11, '192.0.2.1')
    await clock.advance(59_999)
    assert.deepEqual(times(1, '192.0.2.1'), [1000])
    await clock.advance(1)
    assert.deepEqual(times(1, '192.0.2.1'), [0])
  })

  it('remembers at most a thousand clients', () => {
    const { times } = opened()
    times(11, 'first')
    for (let place = 0; place < 999; place++) times(1, `client ${place}`)
    assert.deepEqual(times(1, 'first'), [1000])
    times(1, 'one more')
    assert.deepEqual(times(1, 'first'), [0])
  })
})
