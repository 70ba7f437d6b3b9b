import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { describe, it } from 'node:test'
import { someKey, wideTickets } from '../../test/kit/callbacks.ts'
import { callOf, codeOf, requestOf, responseOf, textOf, type Watched, watch } from '../../test/kit/calls.ts'
import { FakeUpstream } from '../../test/kit/fake-upstream.ts'
import { streamsSettled, VirtualClock } from '../../test/kit/virtual-clock.ts'
import { callbackConfig } from '../config/derived/callback-config.ts'
import { optionsIf } from '../config/route-strategy.ts'
import { type Config, type ConfigInput, configSchema } from '../config/schema.ts'
import { headerValue } from '../core/headers.ts'
import type { GatewayRequest } from '../core/request.ts'
import { anyExtraLoad } from '../kit/budgets.ts'
import { SharedMemory } from '../kit/shared-memory.ts'
import { memoryTickets } from '../store/memory-tickets.ts'
import type { RoutedHandler } from '../transport/server/route-handler.ts'
import { router } from '../transport/server/router.ts'
import { callbackStrategy } from './callback.ts'
import { startCallbackEndpoints } from './callback-endpoints.ts'
import { ReceiveEndpoints } from './receive-endpoints.ts'
import { tokenLifeMs } from './signing-keys.ts'

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

/** A gateway's callbacks, with one waiting client, in virtual time. */
function opened(config: Config, known?: ReceiveEndpoints) {
  const clock = new VirtualClock()
  const upstream = new FakeUpstream(clock, () => ({ afterMs: 0, status: 202 }))
  const endpoints = known ?? new ReceiveEndpoints(() => clock.wallNow())
  if (known === undefined) endpoints.prepare(callbackConfig(config)).commit()
  const started = startCallbackEndpoints(callbackConfig(config), {
    clock,
    promises: new SharedMemory().levels('promises', 1),
    keys: () => [someKey],
    memory: memoryTickets(wideTickets),
    durable: undefined,
    frontPort: () => 8080,
    reportBug: (error) => {
      throw error
    },
  })
  const ask = (service: (request: GatewayRequest) => ReturnType<FakeUpstream['service']>): Watched =>
    watch(service(requestOf({})), clock)
  /** Waits until the clock is moved. */
  const wait = (current: Config): Watched => {
    const [route] = current.routes
    const callback = route && optionsIf('callback', route)
    assert.ok(callback !== undefined)
    const deps = { clock, callbacks: started.callbacks, memory: new SharedMemory(), extraLoad: () => anyExtraLoad }
    const { call } = callOf(clock)
    call.expireAt(clock.now() + 5000)
    const { attempts } = callbackStrategy.plan(callback, deps)
    if (attempts.kind !== 'line') throw new Error('callback has one line')
    const service = attempts.layer(upstream.service)
    return ask((request) => service(request, call))
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
  /** Applies a changed configuration as a reload does. */
  const update = (changed: Config): readonly RoutedHandler[] => {
    endpoints.prepare(callbackConfig(changed)).commit()
    return prepared(changed)
  }
  const prepared = (changed: Config): readonly RoutedHandler[] => {
    const next = { callbacks: callbackConfig(changed), endpoints: endpoints.current, durable: undefined }
    const { handlers, commit } = started.prepare(next)
    commit()
    return handlers
  }
  const handlers = prepared(config)
  return { clock, started, handlers, update, wait, post, sent }
}

describe('callbacks of a route that a reload removes', () => {
  it('reach waiting clients until all their tokens have expired', async () => {
    const config = configOf([work])
    const { clock, started, update, wait, post, sent } = opened(config)
    const waiting = wait(config)
    await clock.advance(0)
    const { pathname, search } = new URL(sent('x-callback-url'))
    const without = configOf([{ match: '/work', forward: { upstream: 'work' } }])
    const handlers = update(without)
    const posted = post(handlers, pathname, { query: search.slice(1) })
    await clock.advance(0)
    assert.deepEqual([textOf(waiting.outcome), codeOf(posted.outcome)], ['done', 'ok'])
    await clock.advance(tokenLifeMs(callbackConfig(config)) - 1)
    assert.equal(update(without).length, 2)
    await clock.advance(1)
    const left = update(without)
    assert.deepEqual(
      left.map(({ match }) => match.path),
      ['/_hedgerow/tickets/:id'],
    )
    assert.equal(codeOf(post(left, pathname, {}).outcome), 'NO_ROUTE')
    started.close()
  })

  it('arrive at their path beside those of another route', () => {
    const { started, update } = opened(configOf([work]))
    const paths = update(configOf([other])).map(({ match }) => match.path)
    assert.deepEqual(paths, ['/other-back', '/_hedgerow/callbacks', '/_hedgerow/tickets/:id'])
    started.close()
  })
})

describe('callbacks of a route whose token position a reload changes', () => {
  it('are accepted at both positions', async () => {
    const config = configOf([work])
    const { clock, started, update, wait, post, sent } = opened(config)
    const before = wait(config)
    await clock.advance(0)
    const { pathname, search } = new URL(sent('x-callback-url'))
    const changed = configOf([byHeader])
    const handlers = update(changed)
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

describe('the result of a call that was in flight at a reload', () => {
  const withStatus: RouteInput = {
    match: '/work',
    callback: { upstream: 'work', receive: { status: { header: 'x-status', allow: [404] } } },
  }

  for (const [what, before, after, status] of [
    ['with the status that it sets', withStatus, work, 404],
    ['without a status', work, withStatus, 200],
  ] as const) {
    it(`is judged by the rules from the start of its call: ${what}`, async () => {
      const config = configOf([before])
      const { clock, update, wait, post, sent, started } = opened(config)
      const waiting = wait(config)
      await clock.advance(0)
      const { pathname, search } = new URL(sent('x-callback-url'))
      post(update(configOf([after])), pathname, { query: search.slice(1), headers: ['x-status', '404'] })
      await clock.advance(0)
      assert.equal(responseOf(waiting.outcome).status, status)
      started.close()
    })
  }

  for (const [what, changed] of [
    ['its own route', { match: '/work', callback: { upstream: 'work', maxAnswer: '10B' } }],
    ['another route at its path', { match: '/other', callback: { upstream: 'work', maxAnswer: '10B' } }],
  ] as const) {
    it(`may be as large as when its call began, though ${what} allows less now`, async () => {
      const config = configOf([work])
      const { clock, update, wait, post, sent, started } = opened(config)
      const waiting = wait(config)
      await clock.advance(0)
      const { pathname, search } = new URL(sent('x-callback-url'))
      const body = Readable.from([Buffer.alloc(20, 'x')])
      post(update(configOf([changed])), pathname, { query: search.slice(1), body })
      await streamsSettled()
      assert.equal(textOf(waiting.outcome), 'x'.repeat(20))
      started.close()
    })
  }

  it('fails its call at once if it is too large, even with two token positions', async () => {
    const small = { ...work, callback: { upstream: 'work', maxAnswer: '10B' } }
    const config = configOf([small])
    const { clock, update, wait, post, sent, started } = opened(config)
    const waiting = wait(config)
    await clock.advance(0)
    const { pathname, search } = new URL(sent('x-callback-url'))
    const changed = { ...byHeader, callback: { ...byHeader.callback, upstream: 'work', maxAnswer: '10B' } }
    post(update(configOf([changed])), pathname, { query: search.slice(1), body: Readable.from([Buffer.alloc(20)]) })
    await streamsSettled()
    assert.equal(codeOf(waiting.outcome), 'UPSTREAM_INVALID')
    started.close()
  })
})

describe('callbacks of a thread that starts after a reload', () => {
  it('arrive at the former paths, even without callback routes', () => {
    const clock = new VirtualClock()
    const endpoints = new ReceiveEndpoints(() => clock.wallNow())
    endpoints.prepare(callbackConfig(configOf([other]))).commit()
    const forward = configOf([{ match: '/work', forward: { upstream: 'work' } }])
    endpoints.prepare(callbackConfig(forward)).commit()
    const { started, handlers } = opened(forward, endpoints)
    const paths = handlers.map(({ match }) => match.path)
    assert.deepEqual(paths, ['/other-back', '/_hedgerow/tickets/:id'])
    started.close()
  })
})

describe('callback settings that a reload changes', () => {
  it('apply to calls from then on', async () => {
    const config = configOf([work])
    const { clock, started, update, wait, sent } = opened(config)
    const changed = configOf([work], { callbacks: { url: 'https://public.example', tickets: { keep: '1m' } } })
    update(changed)
    wait(changed)
    await clock.advance(0)
    assert.ok(sent('x-callback-url').startsWith('https://public.example/_hedgerow/callbacks?'))
    assert.equal(started.callbacks.keepMs, 60_000)
    await clock.advance(10_000)
    started.close()
    assert.equal(clock.pendingCount, 0)
  })
})
