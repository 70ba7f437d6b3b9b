import type { TestContext } from 'node:test'

const stacks = new WeakMap<TestContext, (() => unknown)[]>()

/** Has it done when the test is over: what was opened last is closed first. Node's own hooks run the other way round. */
export function atEnd(t: TestContext, action: () => unknown): void {
  const known = stacks.get(t)
  if (known !== undefined) {
    known.push(action)
    return
  }
  const stack = [action]
  stacks.set(t, stack)
  t.after(async () => {
    const faults: unknown[] = []
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      try {
        await next()
      } catch (fault) {
        faults.push(fault)
      }
    }
    if (faults.length > 0) throw new AggregateError(faults, faults.map(String).join('\n'))
  })
}
