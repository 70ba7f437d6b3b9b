import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { settled } from '../../test/kit/virtual-clock.ts'
import { failure } from '../core/failure.ts'
import { Scope } from './scope.ts'
import { Turns } from './turns.ts'

const gone = failure('CLIENT_GONE', 'gone')

/** A simulated event loop: each step of work takes 0.25 ms, each round as long as the test says. */
class Loop {
  nowMs = 0
  readonly turns = new Turns({
    now: () => this.nowMs,
    later: (action) => this.#waiting.push(action),
    after: (delayMs, action) => this.#timers.push({ dueMs: this.nowMs + delayMs, action }),
  })
  readonly done: string[] = []
  #waiting: (() => void)[] = []
  #timers: { readonly dueMs: number; readonly action: () => void }[] = []

  /** Work of this many steps, which records its name at each. */
  start(name: string, steps: number, scope = new Scope()) {
    let left = steps
    const step = (): boolean => {
      this.nowMs += 0.25
      this.done.push(name)
      return --left === 0
    }
    return this.turns.run(step, scope)
  }

  /** Returns how many steps of the work ran. */
  round(othersMs: number): number {
    const before = this.done.length
    this.nowMs += othersMs
    const due = this.#timers.filter(({ dueMs }) => dueMs <= this.nowMs)
    this.#timers = this.#timers.filter(({ dueMs }) => dueMs > this.nowMs)
    for (const { action } of due) action()
    for (const action of this.#waiting.splice(0)) action()
    return this.done.length - before
  }

  get isIdle(): boolean {
    return this.#waiting.length === 0 && this.#timers.length === 0
  }
}

describe('Turns', () => {
  it('do nothing before everything ready has run', () => {
    const loop = new Loop()
    void loop.start('a', 4)
    assert.deepEqual(loop.done, [])
    assert.equal(loop.round(5), 4)
  })

  it('end after 1 ms, shared among all jobs', () => {
    const loop = new Loop()
    for (const name of ['a', 'b', 'c']) void loop.start(name, 8)
    assert.equal(loop.round(0), 4)
    assert.deepEqual(loop.done, ['a', 'b', 'c', 'a'])
  })

  it('go to four jobs at a time, the oldest first', () => {
    const loop = new Loop()
    for (const name of ['a', 'b', 'c', 'd', 'e']) void loop.start(name, 2)
    for (let round = 0; round < 20; round++) loop.round(0)
    assert.equal(loop.done.join(''), 'abcdabcdee')
  })

  it('leave fifteen sixteenths of the time to calls that arrive meanwhile', () => {
    const loop = new Loop()
    for (let job = 0; job < 30; job++) void loop.start('job', 1_000_000)
    const begin = loop.nowMs
    for (let round = 0; round < 8000; round++) loop.round(0.5)
    const workMs = loop.done.length * 0.25
    const share = workMs / (loop.nowMs - begin)
    assert.ok(share > 0.055 && share <= 0.063, `${share}`)
  })

  it('continue after two rounds in which nothing else was ready', () => {
    const loop = new Loop()
    void loop.start('a', 100)
    assert.deepEqual(
      [0, 0.02, 0.02, 0.02, 0.02].map((othersMs) => loop.round(othersMs)),
      [4, 0, 4, 0, 4],
    )
  })

  it('stop after the last job, and start again with the next', async () => {
    const loop = new Loop()
    const first = loop.start('a', 2)
    loop.round(0)
    assert.equal(await first, undefined)
    assert.ok(loop.isIdle)
    const second = loop.start('b', 1)
    loop.round(0)
    assert.equal(await second, undefined)
    assert.ok(loop.isIdle)
  })

  it('settle immediately when a scope is aborted, without a further step', async () => {
    const loop = new Loop()
    const scope = new Scope()
    const aborted = loop.start('a', 100, scope)
    const other = loop.start('b', 6)
    loop.round(0)
    scope.onAbort(gone)
    const before = loop.done.length
    assert.equal(await aborted, gone)
    while (!loop.isIdle) loop.round(0)
    assert.equal(await other, undefined)
    assert.ok(!loop.done.slice(before).includes('a'))
  })

  it('do nothing for a scope that is already aborted', async () => {
    const loop = new Loop()
    const scope = new Scope()
    scope.onAbort(gone)
    assert.equal(await loop.start('a', 1, scope), gone)
    assert.deepEqual([loop.done, loop.isIdle], [[], true])
  })

  it('reject with the exception of a step, and continue with the others', async () => {
    const loop = new Loop()
    const error = new Error('broken')
    const broken = loop.turns.run(() => {
      throw error
    }, new Scope())
    const seen = broken.catch((reason: unknown) => reason)
    const other = loop.start('b', 2)
    while (!loop.isIdle) loop.round(0)
    await settled()
    assert.equal(await seen, error)
    assert.equal(await other, undefined)
  })

  it('stop listening to the scope of a finished job', async () => {
    const loop = new Loop()
    const scope = new Scope()
    const done = loop.start('a', 1, scope)
    loop.round(0)
    scope.onAbort(gone)
    assert.equal(await done, undefined)
  })
})
