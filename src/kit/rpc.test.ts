import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { MessageChannel } from 'node:worker_threads'
import { ChannelClosed, RpcChannel } from './rpc.ts'

interface Left {
  double(number: number): number
}

interface Right {
  greet(name: string): Promise<string>
  fail(): never
  note(text: string): void
  never(): Promise<void>
}

function twoSides(t: TestContext) {
  const { port1, port2 } = new MessageChannel()
  t.after(() => port1.close())
  const notes: string[] = []
  const faults: string[] = []
  const right: Right = {
    greet: async (name) => `hello ${name}`,
    fail: () => {
      throw new Error('it cannot')
    },
    note: (text) => {
      notes.push(text)
      if (text === 'bad') throw new Error('a bad note')
    },
    never: () => new Promise(() => {}),
  }
  const reportBug = (fault: unknown, about: string): void => void faults.push(`${about}: ${String(fault)}`)
  const left = new RpcChannel<Left, Right>(port1, { double: (number) => 2 * number }, reportBug)
  return { left, right: new RpcChannel<Right, Left>(port2, right, reportBug), notes, faults }
}

describe('RpcChannel', () => {
  it('calls both ways and matches each answer to its call', async (t) => {
    const { left, right } = twoSides(t)
    const answers = await Promise.all([
      left.call('greet', ['a']),
      left.call('greet', ['b']),
      right.call('double', [21]),
    ])
    assert.deepEqual(answers, ['hello a', 'hello b', 42])
  })

  it('rejects a call with the error of the other side, and reports the error of a notification', async (t) => {
    const { left, notes, faults } = twoSides(t)
    await assert.rejects(left.call('fail', []), /it cannot/)
    left.notify('note', 'good')
    left.notify('note', 'bad')
    await left.call('greet', ['behind them'])
    assert.deepEqual(notes, ['good', 'bad'])
    assert.deepEqual(faults, ["the other thread's note: Error: a bad note"])
  })

  it('rejects open calls with the reason when closed, and later calls immediately', async (t) => {
    const { left } = twoSides(t)
    const open = left.call('never', [])
    left.close('worker 2 has ended')
    await assert.rejects(open, ChannelClosed)
    await assert.rejects(left.call('greet', ['late']), /worker 2 has ended/)
    left.notify('note', 'nobody hears it')
  })
})
