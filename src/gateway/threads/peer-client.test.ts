import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { CallbackReceiver, Taken, VerifiedCallback } from '../../callback/take-callback.ts'
import { PeerClient } from './peer-client.ts'

const answered: Taken = { ok: true, verdict: 'answered' }

const small: Omit<VerifiedCallback, 'id'> = {
  durable: false,
  expiresAtMs: 1e12,
  headers: ['content-type', 'text/plain'],
  body: Buffer.from('result'),
  path: '/back',
  maxBytes: 1000,
}

/** A worker that notes the callbacks of its calls. */
class FakeWorker implements CallbackReceiver {
  readonly taken: string[] = []
  /** The memory that came with each body. */
  readonly poolBytes: number[] = []
  readonly peers: PeerClient
  asked = 0
  hangs = false

  constructor(connect: (from: FakeWorker, run: number) => boolean) {
    this.peers = new PeerClient({
      connect: async (run) => {
        this.asked++
        return connect(this, run)
      },
      receiver: () => this,
      reportBug: (error) => assert.fail(String(error)),
    })
  }

  take({ id, body }: VerifiedCallback): Promise<Taken> {
    if (body !== undefined) this.poolBytes.push(body.buffer.byteLength)
    this.taken.push(`${id}: ${body === undefined ? 'unread' : Buffer.from(body).toString()}`)
    return this.hangs ? new Promise(() => {}) : Promise.resolve(answered)
  }
}

/** Two workers, with the runs 1 and 2, and a main thread that connects them. */
function twoWorkers(t: TestContext, wrap: (port: MessagePort) => MessagePort = (port) => port) {
  const ports: MessagePort[] = []
  const connect = (from: FakeWorker, run: number): boolean => {
    const own = workers.indexOf(from) + 1
    const to = workers[run - 1]
    if (to === undefined || to === from) return false
    const { port1, port2 } = new MessageChannel()
    ports.push(port1, port2)
    to.peers.join(own, wrap(port1))
    from.peers.join(run, wrap(port2))
    return true
  }
  const closeAll = (): void => {
    for (const port of ports.splice(0)) port.close()
  }
  t.after(closeAll)
  const [one, other] = [new FakeWorker(connect), new FakeWorker(connect)]
  const workers = [one, other]
  return { one, other, closeAll }
}

function isLost(taken: Taken | undefined): boolean {
  return taken?.ok === false && taken.failure.code === 'WORKER_LOST'
}

describe('PeerClient', { timeout: 10_000 }, () => {
  it('passes callbacks over one port, however many come before it exists', async (t) => {
    const { one, other } = twoWorkers(t)
    const taken = await Promise.all(['a', 'b', 'c'].map((id) => one.peers.pass(2, { ...small, id })))
    assert.deepEqual(taken, [answered, answered, answered])
    await one.peers.pass(2, { ...small, id: 'd', body: undefined })
    assert.deepEqual(other.taken.toSorted(), ['a: result', 'b: result', 'c: result', 'd: unread'])
    assert.deepEqual(await other.peers.pass(1, { ...small, id: 'e' }), answered)
    assert.deepEqual([one.asked, other.asked], [1, 0])
  })

  it('passes callbacks both ways when both workers ask for a port at once', async (t) => {
    const { one, other } = twoWorkers(t)
    const passed = [one.peers.pass(2, { ...small, id: 'a' }), other.peers.pass(1, { ...small, id: 'b' })]
    assert.deepEqual(await Promise.all(passed), [answered, answered])
    assert.deepEqual([one.taken, other.taken], [['b: result'], ['a: result']])
  })

  it('leaves the caller its body', async (t) => {
    const { one, other } = twoWorkers(t)
    const body = Buffer.from('secret result secret').subarray(7, 13)
    await one.peers.pass(2, { ...small, id: 'a', body })
    assert.deepEqual([other.taken, body.toString()], [['a: result'], 'result'])
  })

  it('leaves the caller a large body too, which is transferred', async (t) => {
    const { one, other } = twoWorkers(t)
    const body = Buffer.alloc(100_000, 'r')
    await one.peers.pass(2, { ...small, id: 'a', body })
    assert.deepEqual([other.taken, body.length], [[`a: ${'r'.repeat(100_000)}`], 100_000])
  })

  it('sends a small body without the pool that it is in', async (t) => {
    const { one, other } = twoWorkers(t)
    await one.peers.pass(2, { ...small, id: 'a', body: Buffer.alloc(64 * 1024).subarray(7, 13) })
    assert.deepEqual(other.poolBytes, [6])
  })

  it('has no peer of a run that does not exist', async (t) => {
    const { one } = twoWorkers(t)
    assert.equal(await one.peers.pass(7, { ...small, id: 'a' }), undefined)
  })

  it('loses the callbacks of a peer that ends while it hangs, and then asks for another port', async (t) => {
    const { one, other, closeAll } = twoWorkers(t)
    other.hangs = true
    const passed = ['a', 'b'].map((id) => one.peers.pass(2, { ...small, id }))
    while (other.taken.length < 2) await new Promise((resolve) => setImmediate(resolve))
    closeAll()
    assert.ok((await Promise.all(passed)).every(isLost))
    other.hangs = false
    assert.deepEqual(await one.peers.pass(2, { ...small, id: 'c' }), answered)
    assert.equal(one.asked, 2)
  })

  it('settles every callback, whichever message its port is cut at', async (t) => {
    const count = 4
    for (let cutAt = 0; cutAt <= 2 * count; cutAt++) {
      let sent = 0
      const { one } = twoWorkers(t, (port) => {
        return new Proxy(port, {
          get: (target, name) => {
            if (name === 'postMessage' && sent++ === cutAt) return () => target.close()
            const member: unknown = Reflect.get(target, name)
            return typeof member === 'function' ? member.bind(target) : member
          },
        })
      })
      for (let index = 0; index < count; index++) {
        const { promise: late, resolve } = Promise.withResolvers<'hangs'>()
        const timer = setTimeout(() => resolve('hangs'), 2000)
        const taken = await Promise.race([one.peers.pass(2, { ...small, id: String(index) }), late])
        clearTimeout(timer)
        assert.ok(taken !== 'hangs', `callback ${index} hangs when the port is cut at message ${cutAt}`)
        assert.ok(taken?.ok === true || isLost(taken))
      }
    }
  })
})
