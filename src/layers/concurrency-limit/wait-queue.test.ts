import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { Waiting, WaitQueue } from './wait-queue.ts'

it('orders by priority, then by age, like a sorted list', () => {
  const step = fc.record({
    priority: fc.nat(9),
    does: fc.constantFrom('add', 'add', 'next', 'last', 'any'),
    at: fc.nat(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), fc.boolean(), (steps, newestFirst) => {
      const queue = new WaitQueue<number>(1000)
      if (newestFirst) overload(queue, 1000)
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
        assert.equal(queue.next(), ordered[0])
        assert.equal(queue.last(), ordered.at(-1))
        const gone = does === 'next' ? ordered[0] : does === 'last' ? ordered.at(-1) : listed[at % (listed.length || 1)]
        if (gone === undefined) continue
        queue.remove(gone)
        queue.remove(gone)
        listed = listed.filter((one) => one !== gone)
        assert.equal(queue.size, listed.length)
      }
    }),
  )
})

it('judges each priority by itself: an overloaded lower one leaves a higher one its order and its time', () => {
  const queue = new WaitQueue<string>(100)
  const add = (name: string, priority: number, sinceMs: number) => {
    const waiting = new Waiting(name, priority, sinceMs)
    queue.keptOut(priority, sinceMs)
    queue.add(waiting)
    return waiting
  }
  const low = add('low', 2, 0)
  assert.equal(queue.overdue(99), undefined)
  assert.equal(queue.overdue(100), low)
  assert.deepEqual([queue.isOverloaded(2), queue.isOverloaded(8)], [true, false])
  queue.remove(low)
  queue.keptOut(2, 90)
  const [older, newer] = [add('older', 8, 100), add('newer', 8, 101)]
  const late = add('late', 2, 102)
  assert.deepEqual([queue.next(), queue.last()], [older, late])
  assert.equal(queue.overdue(104), late)
  queue.remove(late)
  assert.equal(queue.overdue(199), undefined)
  queue.remove(older)
  assert.equal(queue.next(), newer)
})

/** A call of every priority has waited too long. */
function overload(queue: WaitQueue<number>, timeMs: number): void {
  for (let priority = 0; priority <= 9; priority++) queue.add(new Waiting(-1, priority, -timeMs))
  for (let overdue = queue.overdue(0); overdue !== undefined; overdue = queue.overdue(0)) queue.remove(overdue)
}
