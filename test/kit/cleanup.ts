import type { TestContext } from 'node:test'

const stacks = new WeakMap<TestContext, (() => unknown)[]>()

/** Runs a cleanup after the test, last opened first. Node's own `after` hooks run in the opposite order. */
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
      } catch (error) {
        faults.push(error)
      }
    }
    if (faults.length > 0) throw new AggregateError(faults, faults.map(String).join('\n'))
  })
}
