import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { someKey, wideTickets } from '../../test/kit/callbacks.ts'
import { callOf, codeOf, requestOf, textOf, type Watched, watch } from '../../test/kit/calls.ts'
import { FakeUpstream } from '../../test/kit/fake-upstream.ts'
import { VirtualClock } from '../../test/kit/virtual-clock.ts'
import { type Config, type ConfigInput, configSchema } from '../config/schema.ts'
import { headerValue } from '../core/headers.ts'
import type { GatewayRequest } from '../core/request.ts'
import { callbackStrategy } from '../flows/callback/callback.ts'
import { anyExtraLoad } from '../kit/budgets.ts'
import { SharedMemory } from '../kit/shared-memory.ts'
import { memoryTickets } from '../store/memory-tickets.ts'
import { tokenLifeMs } from './callback-keys.ts'
import { type CallingBack, startCallingBack } from './calling-back.ts'
import { type RoutedHandler, router } from './router.ts'

type RouteInput = NonNullable<ConfigInput['routes']>[number]

function configOf(routes: readonly RouteInput[], rest: ConfigInput = {}): Config {
  return configSchema.parse({ upstreams: { work: { targets: ['http://127.0.0.1:1'] } }, routes: [...routes], ...rest })
}

const work: RouteInput = { match: '/work', callback: { upstream: 'work' } }
const byHeader: RouteInput = {
  match: '/work',
  callback: { upstream: 'work', send: { id: 'header:x-id' }, receive: { id: 'header:x-id' } },
}
const other: RouteInput = { match: '/other', callback: { upstream: 'work', receive: { path: '/other-back' } } }

/** Callbacks of a gateway, with one client that waits for one, in virtual time. */
function opened(config: Config) {
  const clock = new VirtualClock()
  const upstream = new FakeUpstream(clock, () => ({ afterMs: 0, status: 202 }))
  const started = startCallingBack(config, {
    clock,
    promises: new SharedMemory().levels('promises', 1),
    keys: () => [someKey],
    memory: memoryTickets(wideTickets),
    durable: undefined,
    frontPort: () => 8080,
    logFault: (fault) => {
      throw fault
    },
  }) as CallingBack
  const ask = (service: (request: GatewayRequest) => ReturnType<FakeUpstream['service']>): Watched =>
    watch(service(requestOf({})), clock)
  /** Waits for as long as the clock is not moved. */
  const wait = (current: Config): Watched => {
    const { callback } = current.routes[0] ?? {}
    assert.ok(callback !== undefined)
    const deps = { clock, callbacks: started.callbacks, memory: new SharedMemory(), extraLoad: () => anyExtraLoad }
    const { call } = callOf(clock)
    call.expireAt(clock.now() + 5000)
    return ask((request) => callbackStrategy.plan(callback, deps).layer(upstream.service)(request, call))
  }
  const post = (handlers: readonly RoutedHandler[], path: string, change: Partial<GatewayRequest>): Watched => {
    const found = router(handlers)('POST', path)
    if (!found.found) return { outcome: { ok: false, failure: found.failure }, settledMs: 0 }
    return ask((request) => {
      const posted = { ...request, method: 'POST', path, body: Buffer.from('done'), ...change }
      return found.handler.service(posted, callOf(clock).call)
    })
  }
  const sent = (name: string): string => headerValue(upstream.seen.at(-1)?.request.headers ?? [], name) ?? ''
  return { clock, started, wait, post, sent }
}

describe('callbacks of a route that a reload takes away', () => {
  it('reach who waits for them, until none can be good any more', async () => {
    const config = configOf([work])
    const { clock, started, wait, post, sent } = opened(config)
    const waiting = wait(config)
    await clock.advance(0)
    const { pathname, search } = new URL(sent('x-callback-url'))
    const without = configOf([{ match: '/work', forward: { upstream: 'work' } }])
    const handlers = started.update(without, undefined)
    assert.equal(handlers, started.handlers)
    const posted = post(handlers, pathname, { query: search.slice(1) })
    await clock.advance(0)
    assert.deepEqual([textOf(waiting.outcome), codeOf(posted.outcome)], ['done', 'ok'])
    await clock.advance(tokenLifeMs(config) - 1)
    assert.equal(started.update(without, undefined).length, 2)
    await clock.advance(1)
    const left = started.update(without, undefined)
    assert.deepEqual(
      left.map(({ match }) => match.path),
      ['/_hedgerow/tickets/:id'],
    )
    assert.equal(codeOf(post(left, pathname, {}).outcome), 'NO_ROUTE')
    started.close()
  })

  it('come at their path beside those of another one', () => {
    const { started } = opened(configOf([work]))
    const paths = started.update(configOf([other]), undefined).map(({ match }) => match.path)
    assert.deepEqual(paths, ['/other-back', '/_hedgerow/callbacks', '/_hedgerow/tickets/:id'])
    started.close()
  })
})

describe('callbacks of a route that a reload has come in another way', () => {
  it('are taken in both', async () => {
    const config = configOf([work])
    const { clock, started, wait, post, sent } = opened(config)
    const before = wait(config)
    await clock.advance(0)
    const { pathname, search } = new URL(sent('x-callback-url'))
    const changed = configOf([byHeader])
    const handlers = started.update(changed, undefined)
    assert.equal(handlers.length, 2)
    const after = wait(changed)
    await clock.advance(0)
    post(handlers, pathname, { headers: ['x-id', sent('x-id')] })
    post(handlers, pathname, { query: search.slice(1) })
    await clock.advance(0)
    assert.deepEqual([textOf(before.outcome), textOf(after.outcome)], ['done', 'done'])
    const none = post(handlers, pathname, {})
    await clock.advance(0)
    assert.equal(codeOf(none.outcome), 'CALLBACK_REFUSED')
    started.close()
  })
})

describe('settings of callbacks that a reload changes', () => {
  it('hold for what is asked from then on', async () => {
    const config = configOf([work])
    const { clock, started, wait, sent } = opened(config)
    const changed = configOf([work], { callbacks: { url: 'https://public.example', tickets: { keep: '1m' } } })
    started.update(changed, undefined)
    wait(changed)
    await clock.advance(0)
    assert.ok(sent('x-callback-url').startsWith('https://public.example/_hedgerow/callbacks?'))
    assert.equal(started.callbacks.keepMs, 60_000)
    await clock.advance(10_000)
    started.close()
    assert.equal(clock.pendingCount, 0)
  })
})
