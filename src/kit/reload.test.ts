import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { apply, type Change, prepareAll, type Reloadable } from './reload.ts'

/** A part with one value; holds a resource for each configuration that is prepared or in force. */
class Part implements Reloadable<number> {
  readonly #name: string
  readonly #log: string[]
  readonly held: number[] = [0]
  current = 0
  refuses = false
  breaks: 'commit' | 'rollback' | 'retired' | undefined

  constructor(name: string, log: string[]) {
    this.#name = name
    this.#log = log
  }

  async prepare(next: number): Promise<Change> {
    await Promise.resolve()
    if (this.refuses) throw new Error(`${this.#name} refuses`)
    const before = this.current
    this.held.push(next)
    return {
      commit: () => {
        this.#log.push(`commit ${this.#name}`)
        this.current = next
        this.#break('commit')
      },
      rollback: async () => {
        await Promise.resolve()
        this.#log.push(`rollback ${this.#name}`)
        this.#free(next)
        this.#break('rollback')
      },
      retired: async () => {
        await Promise.resolve()
        this.#log.push(`retired ${this.#name}`)
        this.#free(before)
        this.#break('retired')
      },
    }
  }

  #free(value: number): void {
    this.held.splice(this.held.indexOf(value), 1)
  }

  #break(at: typeof this.breaks): void {
    if (this.breaks === at) throw new Error(`${this.#name} breaks`)
  }
}

function parts(count: number) {
  const log: string[] = []
  const bugs: string[] = []
  const all = Array.from({ length: count }, (_, index) => new Part(String(index), log))
  const prepare = (next: number) =>
    prepareAll(
      async (join) => {
        for (const part of all) await join(part.prepare(next))
      },
      (error) => bugs.push(String(error)),
    )
  const state = () => all.map(({ current, held }) => ({ current, held: [...held] }))
  return { all, log, bugs, prepare, state }
}

describe('prepareAll', () => {
  it('leaves every part as it was, whichever part refuses or breaks in any order of reloads', async () => {
    const step = fc.record({
      refuses: fc.option(fc.nat(5), { nil: undefined }),
      breaks: fc.option(fc.tuple(fc.nat(5), fc.constantFrom('commit', 'rollback', 'retired')), { nil: undefined }),
      rollsBack: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 8 }), async (count, steps) => {
        const { all, prepare, state } = parts(count)
        let current = 0
        for (const [index, { refuses, breaks, rollsBack }] of steps.entries()) {
          for (const [at, part] of all.entries()) {
            part.refuses = at === refuses
            part.breaks = at === breaks?.[0] ? breaks[1] : undefined
          }
          const before = state()
          const change = await prepare(index + 1).catch((error: unknown) => error)
          if (change instanceof Error) {
            assert.equal(change.message, `${refuses} refuses`)
            assert.deepEqual(state(), before)
            continue
          }
          const prepared = change as Required<Change>
          assert.deepEqual(
            all.map((part) => part.current),
            all.map(() => current),
          )
          if (rollsBack) {
            await prepared.rollback()
            assert.deepEqual(state(), before)
            continue
          }
          prepared.commit()
          current = index + 1
          await prepared.retired()
          assert.deepEqual(
            state(),
            all.map(() => ({ current, held: [current] })),
          )
        }
      }),
    )
  })

  it('commits in order, and retires in reverse order', async () => {
    const { prepare, log } = parts(3)
    const change = await prepare(1)
    change.commit()
    await change.retired()
    assert.deepEqual(log, ['commit 0', 'commit 1', 'commit 2', 'retired 2', 'retired 1', 'retired 0'])
  })

  it('rolls back in reverse order what was prepared before the refusal, and nothing else', async () => {
    const { all, prepare, log } = parts(4)
    ;(all[2] as Part).refuses = true
    await assert.rejects(prepare(1), /^Error: 2 refuses$/)
    assert.deepEqual(log, ['rollback 1', 'rollback 0'])
  })

  for (const at of ['commit', 'rollback', 'retired'] as const) {
    it(`reports a bug in one part's ${at}, and goes on with the others`, async () => {
      const { all, prepare, log, bugs } = parts(3)
      ;(all[1] as Part).breaks = at
      const change = await prepare(1)
      if (at === 'rollback') await change.rollback()
      else change.commit()
      if (at === 'retired') await change.retired()
      assert.deepEqual([bugs, log.filter((line) => line.startsWith(at)).length], [['Error: 1 breaks'], 3])
    })
  }

  it('passes on what a part has prepared', async () => {
    const change = { commit: () => {}, rollback: () => {}, port: 8080 }
    const prepared = await prepareAll(
      async (join) => (await join(Promise.resolve(change))).port,
      () => {},
    )
    assert.equal(prepared.value, 8080)
  })

  it('is a part of a larger change', async () => {
    const [inner, outer] = [parts(2), parts(2)]
    ;(outer.all[1] as Part).refuses = true
    const refused = prepareAll(
      async (join) => {
        await join(inner.prepare(1))
        await join(outer.prepare(1))
      },
      () => {},
    )
    await assert.rejects(refused, /1 refuses/)
    assert.deepEqual([inner.log, outer.log], [['rollback 1', 'rollback 0'], ['rollback 0']])
  })
})

describe('apply', () => {
  it('prepares and commits', async () => {
    const part = new Part('0', [])
    await apply(part, 3)
    assert.equal(part.current, 3)
  })
})
