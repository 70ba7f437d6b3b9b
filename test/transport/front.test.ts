import assert from 'node:assert/strict'
import { type Duplex, duplexPair } from 'node:stream'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Outcome, succeeded } from '../../src/core/outcome.ts'
import { ownResponse } from '../../src/core/response.ts'
import type { Service } from '../../src/core/service.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { EventBus } from '../../src/kit/event-bus.ts'
import type { FrontRules } from '../../src/transport/server/front-options.ts'
import { type Listener, listen } from '../../src/transport/server/listener.ts'
import { TrustedProxies } from '../../src/transport/server/proxies.ts'
import type { Resolve } from '../../src/transport/server/route-handler.ts'
import { atEnd } from '../kit/cleanup.ts'
import { until, within } from '../kit/until.ts'
import { Wire } from '../kit/wire.ts'

const limits = {
  maxConnections: 100,
  maxHeaderBytes: 16_384,
  maxHeaderCount: 100,
  headerTimeoutMs: 10_000,
  requestTimeoutMs: 60_000,
  keepAliveMs: 60_000,
}

/** The route for all paths. */
function to(service: Service, upgrades = false): Resolve {
  const handler = {
    facts: { name: 'any', strategy: 'test', idleTimeoutMs: 30_000 },
    service,
    failures: { mappings: {}, listAttempts: true },
    explain: false,
    upgrades,
    servesWhileDraining: false,
  }
  return () => ({ found: true, handler, params: {} })
}

function answer(text: string): Outcome {
  return succeeded(ownResponse(200, [], Buffer.from(text)))
}

/** Answers with the client address that the front determined. */
const echo: Service = async ({ headers }) => answer(headers[headers.indexOf('x-forwarded-for') + 1] ?? '')

function rules(service: Service, change: Partial<FrontRules> = {}): FrontRules {
  return { listen: limits, resolve: to(service), proxies: new TrustedProxies([]), ...change }
}

const common = () => {
  const clock = systemClock()
  const throwFault = (error: unknown): never => {
    throw error
  }
  let ids = 0
  return { clock, events: new EventBus(), newId: () => `id-${++ids}`, reportBug: throwFault }
}

async function openFront(t: TestContext, given: FrontRules, port = 0): Promise<Listener> {
  const at = { ...given.listen, host: '127.0.0.1', port, reusePort: true }
  const front = await listen({ ...common(), ...given, listen: at })
  atEnd(t, () => front.close())
  return front
}

async function openWire(t: TestContext, { address }: Listener): Promise<Wire> {
  const wire = await Wire.open(address.port)
  atEnd(t, () => wire.destroy())
  return wire
}

const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const upgrade = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n'

/** Answers when the test says so. */
function held() {
  const waiting: ((outcome: Outcome) => void)[] = []
  const service: Service = () =>
    new Promise((resolve) => {
      waiting.push(resolve)
    })
  return { waiting, service }
}

function settledOf(promise: Promise<unknown>): { is: boolean } {
  const settled = { is: false }
  void promise.then(() => {
    settled.is = true
  })
  return settled
}

describe('a front that is reconfigured', () => {
  it('applies the new rules on existing connections, and reports when the last earlier call has ended', async (t) => {
    const { waiting, service } = held()
    const front = await openFront(t, rules(service))
    const [busy, other] = [await openWire(t, front), await openWire(t, front)]
    busy.send(get)
    await until('a call is under way', () => waiting.length === 1)
    const over = settledOf(front.update(rules(async () => answer('second'))))
    other.send(get)
    assert.equal((await other.message()).body, 'second')
    const overAgain = settledOf(front.update(rules(async () => answer('third'))))
    other.send(get)
    assert.equal((await other.message()).body, 'third')
    await sleep(20)
    assert.deepEqual([over.is, overAgain.is], [false, false])
    waiting[0]?.(answer('first'))
    assert.equal((await busy.message()).body, 'first')
    await until('both changes are through', () => over.is && overAgain.is)
    busy.send(get)
    assert.equal((await busy.message()).body, 'third')
    await within(1000, 'nothing is under way', front.update(rules(echo)))
  })

  it('counts an upgraded connection as a call in flight', async (t) => {
    const targets: Duplex[] = []
    const upgrading: Service = async () => {
      const [near, far] = duplexPair()
      targets.push(far)
      far.resume().on('end', () => far.end())
      return succeeded({ ...ownResponse(101, [], undefined), upgraded: near })
    }
    const front = await openFront(t, { ...rules(echo), resolve: to(upgrading, true) })
    const wire = await openWire(t, front)
    wire.send(upgrade)
    await wire.receives('101 Switching Protocols')
    const over = settledOf(front.update(rules(echo)))
    await sleep(50)
    assert.equal(over.is, false)
    targets[0]?.write('still here')
    await wire.receives('still here')
    wire.destroy()
    await until('it has ended', () => over.is)
  })

  it('applies new limits: timeouts and counts at once, sizes to new connections', async (t) => {
    const front = await openFront(t, rules(echo))
    const [slow, kept] = [await openWire(t, front), await openWire(t, front)]
    slow.send('GET / HTTP/1.1\r\nHo')
    kept.send(get)
    await kept.message()
    const strict = { ...limits, headerTimeoutMs: 100, requestTimeoutMs: 100, maxHeaderCount: 2, maxConnections: 3 }
    await front.update(rules(echo, { listen: { ...strict, maxHeaderBytes: 1000 } }))
    assert.equal((await slow.message()).status, 408)
    kept.send('GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nB: 2\r\n\r\n')
    assert.equal((await kept.message()).status, 431)
    const large = `GET / HTTP/1.1\r\nHost: a\r\nA: ${'a'.repeat(1200)}\r\n\r\n`
    kept.send(large)
    assert.equal((await kept.message()).status, 200)
    const fresh = await openWire(t, front)
    fresh.send(large)
    assert.equal((await fresh.message()).status, 431)
    await until('those are gone', async () => (await front.connections()) === 1)
    const more = [await openWire(t, front), await openWire(t, front), await openWire(t, front)]
    await until('the fourth is refused', () => front.figures().refused === 1 && more.some(({ isClosed }) => isClosed))
  })

  it('trusts other proxies', async (t) => {
    const front = await openFront(t, rules(echo))
    const wire = await openWire(t, front)
    const forwarded = 'GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n'
    wire.send(forwarded)
    assert.equal((await wire.message()).body, '127.0.0.1')
    await front.update(rules(echo, { proxies: new TrustedProxies(['127.0.0.1']) }))
    wire.send(forwarded)
    assert.equal((await wire.message()).body, '1.2.3.4, 127.0.0.1')
  })
})

describe('a front that retires', () => {
  it('leaves the port to others, and answers the next request on each connection as its last', async (t) => {
    const { waiting, service } = held()
    const front = await openFront(t, rules(service))
    const { port } = front.address
    const [busy, kept] = [await openWire(t, front), await openWire(t, front)]
    kept.send(get)
    await until('the first is there', () => waiting.length === 1)
    waiting[0]?.(answer('kept'))
    assert.equal((await kept.message()).headers.get('connection')?.[0], 'keep-alive')
    busy.send(get)
    await until('the second is there', () => waiting.length === 2)
    const other = await openFront(t, rules(echo), port)
    const gone = settledOf(front.retire())
    await sleep(100)
    for (let n = 1; n <= 10; n++) {
      const wire = await openWire(t, other)
      wire.send(get)
      assert.equal((await wire.message()).body, '127.0.0.1')
    }
    assert.deepEqual([front.address.port, other.figures().requests], [port, 10])
    assert.equal(kept.isClosed, false)
    kept.send(get)
    await until('the third is there', () => waiting.length === 3)
    for (const resolve of waiting.slice(1)) resolve(answer('last'))
    for (const wire of [busy, kept]) {
      const { headers, body } = await wire.message()
      assert.deepEqual([headers.get('connection'), body], [['close'], 'last'])
    }
    await until('all are gone', () => gone.is && busy.hasEnded && kept.hasEnded)
  })

  it('closes an idle connection after keepAlive', async (t) => {
    const front = await openFront(t, rules(echo, { listen: { ...limits, keepAliveMs: 100 } }))
    const wire = await openWire(t, front)
    wire.send(get)
    await wire.message()
    await within(3000, 'nobody is left', front.retire())
    await until('it is closed', () => wire.hasEnded)
  })

  it('ends at once without connections, and may be closed afterwards', async (t) => {
    const front = await openFront(t, rules(echo))
    await within(1000, 'nobody is left', Promise.all([front.retire(), front.retire()]))
    await front.close()
  })
})
