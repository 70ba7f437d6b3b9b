import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { Waiting, WaitQueue } from './wait-queue.ts'

it('orders by priority, then by age, as a sorted list does', () => {
  const step = fc.record({
    priority: fc.nat(9),
    does: fc.constantFrom('add', 'add', 'next', 'last', 'any'),
    at: fc.nat(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), fc.boolean(), (steps, newestFirst) => {
      const queue = new WaitQueue<number>()
      let listed: Waiting<number>[] = []
      const inOrder = () =>
        listed.toSorted((a, b) => b.priority - a.priority || (newestFirst ? b.value - a.value : a.value - b.value))
      for (const [number, { priority, does, at }] of steps.entries()) {
        if (does === 'add') {
          const waiting = new Waiting(number, priority, number)
          listed.push(waiting)
          queue.add(waiting)
          continue
        }
        const ordered = inOrder()
        assert.equal(queue.next(newestFirst), ordered[0])
        assert.equal(queue.last(newestFirst), ordered.at(-1))
        const gone = does === 'next' ? ordered[0] : does === 'last' ? ordered.at(-1) : listed[at % (listed.length || 1)]
        if (gone === undefined) continue
        queue.remove(gone)
        queue.remove(gone)
        listed = listed.filter((one) => one !== gone)
        assert.equal(queue.size, listed.length)
        const oldest = listed.toSorted((a, b) => a.sinceMs - b.sinceMs)[0]
        const { sinceMs = 0 } = oldest ?? {}
        assert.equal(queue.waitingSince(sinceMs), oldest)
        assert.equal(queue.waitingSince(sinceMs - 1), undefined)
      }
    }),
  )
})
