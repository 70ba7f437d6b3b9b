import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Mutex } from './mutex.ts'

describe('Mutex', () => {
  it('runs work in the order of the requests, one piece after another', async () => {
    const mutex = new Mutex()
    const log: string[] = []
    const work = (name: string) => async () => {
      log.push(`${name} begins`)
      await Promise.resolve()
      log.push(`${name} ends`)
      return name
    }
    const names = await Promise.all([mutex.run(work('a')), mutex.run(work('b'))])
    assert.deepEqual(
      [names, log],
      [
        ['a', 'b'],
        ['a begins', 'a ends', 'b begins', 'b ends'],
      ],
    )
  })

  it('goes on after work that fails', async () => {
    const mutex = new Mutex()
    const failing = mutex.run(() => Promise.reject(new Error('broken')))
    const next = mutex.run(() => Promise.resolve('next'))
    await assert.rejects(failing, /broken/)
    assert.equal(await next, 'next')
  })

  it('holds later work until a lock is released, and is idle then', async () => {
    const mutex = new Mutex()
    const log: string[] = []
    const unlock = await mutex.lock()
    const later = mutex.run(async () => log.push('later'))
    const idle = mutex.idle().then(() => log.push('idle'))
    await new Promise(setImmediate)
    assert.deepEqual(log, [])
    unlock()
    await Promise.all([later, idle])
    assert.deepEqual(log, ['later', 'idle'])
  })
})
