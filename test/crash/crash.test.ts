import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { crashRun } from './crash-run.ts'
import type { Receipt } from './recording-target.ts'
import { judge } from './verdict.ts'

/** The long form is `npm run test:crash`. */
describe('a gateway that is killed while clients write', () => {
  it('loses no acknowledged write, keeps the order, and repeats only writes that a crash explains', async () => {
    const report = await crashRun({ kills: 8, writes: 800, seed: 1 })
    assert.deepEqual([report.lost, report.outOfOrder, report.unexplained], [[], [], []])
    assert.ok(report.acknowledged >= 800)
  })
})

describe('the verdict', () => {
  const receipt = (number: number, change: Partial<Receipt> = {}): Receipt => ({
    user: 'bob',
    number,
    key: `k${number}`,
    attempt: 1,
    status: 201,
    atMs: number,
    ...change,
  })
  const of = (list: readonly Receipt[], killedAtMs: readonly number[] = []) =>
    judge({
      acknowledged: [{ user: 'bob', number: 1 }],
      receipts: new Map([['a', list]]),
      crashes: killedAtMs.map((atMs) => ({ killedAtMs: atMs, startedAtMs: atMs })),
    })

  it('reports lost writes', () => {
    assert.deepEqual(of([receipt(2)]).lost, ['bob/1 at a'])
    assert.deepEqual(of([receipt(1, { status: 500 })]).lost, ['bob/1 at a'])
  })

  it('reports writes out of order', () => {
    assert.deepEqual(of([receipt(2), receipt(1)]).outOfOrder, ['bob/1 at a'])
    assert.deepEqual(of([receipt(1), receipt(1, { atMs: 9 })], [5]).outOfOrder, [])
  })

  it('reports repeats without a crash, or with another key', () => {
    assert.deepEqual(of([receipt(1), receipt(1, { atMs: 9 })]).unexplained, ['bob/1 at a'])
    assert.deepEqual(of([receipt(1), receipt(1, { atMs: 9, key: 'other' })], [5]).unexplained, ['bob/1 at a'])
    assert.deepEqual(of([receipt(1), receipt(1, { atMs: 9 })], [5]), {
      lost: [],
      outOfOrder: [],
      unexplained: [],
      repeats: 1,
    })
    assert.deepEqual(of([receipt(1, { status: 500 }), receipt(1, { atMs: 9 })]).unexplained, [])
  })
})
