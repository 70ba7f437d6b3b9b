import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { MessageChannel } from 'node:worker_threads'
import { ChannelClosed, expose, notifier, type Port, RpcChannel, remote } from './rpc.ts'

interface Left {
  double(number: number): number
}

interface Right {
  greet(name: string): Promise<string>
  fail(): never
  note(text: string): void
  never(): Promise<void>
  sizeOf(body: Uint8Array): number
}

function twoSides(t: TestContext) {
  const { port1, port2 } = new MessageChannel()
  t.after(() => port1.close())
  const notes: string[] = []
  const faults: string[] = []
  const reportBug = (error: unknown, about: string): void => void faults.push(`${about}: ${String(error)}`)
  const left = new RpcChannel(port1, reportBug)
  const right = new RpcChannel(port2, reportBug)
  expose<Left>(left, 'left', { double: (number) => 2 * number })
  expose<Right>(right, 'right', {
    greet: async (name) => `hello ${name}`,
    fail: () => {
      throw new Error('it cannot')
    },
    note: (text) => {
      notes.push(text)
      if (text === 'bad') throw new Error('a bad note')
    },
    never: () => new Promise(() => {}),
    sizeOf: (body) => body.byteLength,
  })
  return {
    left,
    toRight: remote<Right>(left, 'right', { sizeOf: ({ buffer }) => [buffer as ArrayBuffer] }),
    notesToRight: notifier<Right>(left, 'right'),
    toLeft: remote<Left>(right, 'left'),
    notes,
    faults,
  }
}

describe('RpcChannel', { timeout: 10_000 }, () => {
  it('calls both ways and matches each answer to its call', async (t) => {
    const { toRight, toLeft } = twoSides(t)
    const answers = await Promise.all([toRight.greet('a'), toRight.greet('b'), toLeft.double(21)])
    assert.deepEqual(answers, ['hello a', 'hello b', 42])
  })

  it('rejects a call with the error of the other side, and reports the error of a notification', async (t) => {
    const { toRight, notesToRight, notes, faults } = twoSides(t)
    await assert.rejects(toRight.fail(), /it cannot/)
    notesToRight.note('good')
    notesToRight.note('bad')
    await toRight.greet('behind them')
    assert.deepEqual(notes, ['good', 'bad'])
    assert.deepEqual(faults, ["the other thread's note: Error: a bad note"])
  })

  it('rejects a call to an object that the other side does not expose', async (t) => {
    const { left } = twoSides(t)
    await assert.rejects(remote<Right>(left, 'wrong').greet('a'), /does not expose wrong\.greet/)
  })

  it('rejects open calls with the reason when closed, and later calls immediately', async (t) => {
    const { left, toRight, notesToRight } = twoSides(t)
    const open = toRight.never()
    left.close('worker 2 has ended')
    await assert.rejects(open, ChannelClosed)
    await assert.rejects(toRight.greet('late'), /worker 2 has ended/)
    notesToRight.note('nobody hears it')
  })

  it('transfers what a method moves, and copies the rest', async (t) => {
    const { toRight } = twoSides(t)
    const body = new Uint8Array(100)
    assert.equal(await toRight.sizeOf(body), 100)
    assert.equal(body.byteLength, 0)
  })

  it('rejects a call whose arguments cannot be copied, and goes on', async (t) => {
    const { left, toRight } = twoSides(t)
    await assert.rejects(left.call('right', 'note', [() => {}]), { name: 'DataCloneError' })
    assert.equal(await toRight.greet('a'), 'hello a')
  })

  it('settles every call, whichever message its port is cut at', async (t) => {
    const calls = 6
    // Each call is two messages; the last cut is after all of them.
    for (let cutAt = 0; cutAt <= 2 * calls; cutAt++) {
      const { port1, port2 } = new MessageChannel()
      t.after(() => port1.close())
      let sent = 0
      /** Closes the port instead of sending message `cutAt`; either end may be the one to close. */
      const cut = (port: typeof port1): Port => ({
        on: port.on.bind(port),
        postMessage: (message, moved = []) => {
          if (sent++ === cutAt) port.close()
          else port.postMessage(message, moved)
        },
      })
      const [left, right] = [cut(port1), cut(port2)].map((port) => new RpcChannel(port, () => {}))
      assert.ok(left !== undefined && right !== undefined)
      expose<Left>(left, 'left', { double: (number) => 2 * number })
      expose<Left>(right, 'right', { double: (number) => 2 * number })
      const asked = Array.from({ length: calls }, (_, index) =>
        (index % 2 === 0 ? remote<Left>(left, 'right') : remote<Left>(right, 'left')).double(index),
      )
      const ends = await Promise.race([Promise.allSettled(asked), new Promise((resolve) => setTimeout(resolve, 2000))])
      assert.ok(Array.isArray(ends), `a call hangs when the port is cut at message ${cutAt}`)
      for (const [index, end] of ends.entries()) {
        if (end.status === 'fulfilled') assert.equal(end.value, 2 * index)
        else assert.ok(end.reason instanceof ChannelClosed)
      }
    }
  })
})
