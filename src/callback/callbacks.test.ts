import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { someKey, someTerms, wideTickets } from '../../test/kit/callbacks.ts'
import { failureOf } from '../../test/kit/calls.ts'
import { given } from '../../test/kit/results.ts'
import { settled, VirtualClock } from '../../test/kit/virtual-clock.ts'
import { failure } from '../core/failure.ts'
import { failed } from '../core/outcome.ts'
import { ok } from '../core/result.ts'
import { memoryTickets } from '../store/memory-tickets.ts'
import type { TicketKeeper, TicketResult } from '../store/ticket-store.ts'
import { Callbacks, type CallbacksOptions } from './callbacks.ts'
import { TicketExpiry } from './ticket-expiry.ts'
import type { TokenFacts } from './token.ts'

const keepMs = 60_000
const work = { route: 'GET /work', terms: someTerms }

function opened(change: Partial<CallbacksOptions> = {}) {
  const clock = new VirtualClock()
  const memory = memoryTickets(wideTickets)
  const durable = memoryTickets(wideTickets)
  const callbacks = new Callbacks({
    clock,
    keys: () => [someKey],
    publicUrl: () => 'http://gateway:8080',
    memory,
    durable,
    keepMs,
    fetchOnce: false,
    maxTickets: wideTickets.maxTickets,
    reportBug: () => {},
    ...change,
  })
  const tokenOf = (id: string, isDurable = false): TokenFacts => ({
    id,
    durable: isDurable,
    expiresAtMs: clock.wallNow() + 65_000,
    // Made by another run, which may have given its client a ticket.
    isOurs: false,
    run: 1,
  })
  // Stores passed in by the test have their own expiry.
  const kept = new TicketExpiry({ clock, memory, durable })
  return { clock, memory, durable, callbacks, kept, tokenOf }
}

function resultOf(text: string): TicketResult {
  return { kind: 'answer', status: 200, contentType: 'text/plain', body: Buffer.from(text) }
}

const result = resultOf('late')
const fetched = ok({ kind: 'result', route: '/back', result })
const over = ok({ kind: 'over' })

describe('results that no client waits for', () => {
  it('are kept once, and can be fetched repeatedly until they expire', async () => {
    const { clock, callbacks, tokenOf } = opened()
    const token = tokenOf('a')
    assert.deepEqual(await callbacks.fetch(token, false), ok({ kind: 'running' }))
    assert.equal(given(await callbacks.keep(token, '/back', result)), 'kept')
    assert.equal(given(await callbacks.keep(token, '/back', resultOf('again'))), 'repeated')
    for (let n = 0; n < 3; n++) assert.deepEqual(await callbacks.fetch(token, false), fetched)
    await clock.advance(keepMs - 1)
    assert.deepEqual(await callbacks.fetch(token, false), fetched)
    await clock.advance(1)
    assert.deepEqual(await callbacks.fetch(token, false), over)
  })

  it('can be fetched only once with fetch: once, but looked at before', async () => {
    const { callbacks, tokenOf } = opened({ fetchOnce: true })
    const token = tokenOf('a')
    assert.deepEqual(await callbacks.fetch(token, true), ok({ kind: 'running' }))
    await callbacks.keep(token, '/back', result)
    for (let n = 0; n < 2; n++) assert.deepEqual(await callbacks.fetch(token, true), fetched)
    const all = await Promise.all([1, 2, 3].map(() => callbacks.fetch(token, false)))
    assert.deepEqual(
      all.filter((one) => one.ok && one.value.kind !== 'over'),
      [fetched],
    )
    assert.deepEqual(await callbacks.fetch(token, true), over)
    assert.equal(given(await callbacks.keep(token, '/back', result)), 'repeated', 'it does not come again')
  })

  it('are remembered after they expire until their callback can no longer arrive', async () => {
    const { clock, memory, callbacks, kept, tokenOf } = opened()
    await callbacks.keep(tokenOf('a'), '/back', result)
    assert.deepEqual(kept.ticketFigures(), { tickets: 1, bytes: 14 })
    await clock.advance(keepMs)
    assert.deepEqual(memory.figures(), { tickets: 0, bytes: 0 })
    await clock.advance(10_000)
    assert.deepEqual(kept.ticketFigures(), { tickets: 0, bytes: 0 })
  })

  it('are dropped if results are not kept', async () => {
    const { memory, callbacks, tokenOf } = opened({ keepMs: 0 })
    assert.equal(given(await callbacks.keep(tokenOf('a'), '/back', result)), 'dropped')
    assert.equal(memory.figures().tickets, 0)
  })

  it('are dropped if their ticket has already expired', async () => {
    const { clock, callbacks, tokenOf } = opened()
    const token = tokenOf('a')
    await clock.advance(65_000)
    assert.equal(given(await callbacks.keep(token, '/back', result)), 'dropped')
  })

  it('go only to the store that their token names, and are dropped if it is gone', async () => {
    const { memory, durable, callbacks, kept, tokenOf } = opened()
    await callbacks.keep(tokenOf('a', true), '/back', result)
    await callbacks.keep(tokenOf('b'), '/back', resultOf('longer'))
    assert.deepEqual([memory.figures().bytes, durable.figures().bytes], [16, 14])
    assert.deepEqual(kept.ticketFigures(), { tickets: 2, bytes: 30 })
    const without = opened({ durable: undefined })
    assert.equal(given(await without.callbacks.keep(without.tokenOf('a', true), '/back', result)), 'dropped')
    assert.deepEqual(await without.callbacks.fetch(without.tokenOf('a', true), false), over)
    assert.equal(without.memory.figures().tickets, 0)
  })

  it('are refused at the limits until others have expired', async () => {
    const { clock, memory, callbacks, tokenOf } = opened()
    memory.limit({ maxTickets: 1, maxBytes: 100 })
    await callbacks.keep(tokenOf('a'), '/back', result)
    assert.equal(failureOf(await callbacks.keep(tokenOf('b'), '/back', result)).code, 'STORE_FULL')
    await clock.advance(70_000)
    assert.equal(given(await callbacks.keep(tokenOf('b'), '/back', result)), 'kept')
  })

  it('are listed newest first, across both stores', async () => {
    const { clock, callbacks, kept, tokenOf } = opened()
    for (const [id, isDurable] of [
      ['a', true],
      ['b', false],
      ['c', true],
    ] as const) {
      await callbacks.keep(tokenOf(id, isDurable), '/back', result)
      await clock.advance(1)
    }
    const listed = given(await kept.tickets(2))
    assert.deepEqual(
      listed.map(({ id, route }) => [id, route]),
      [
        ['c', '/back'],
        ['b', '/back'],
      ],
    )
  })

  it('report a failure while the store fails', async () => {
    const away = failed(failure('STORE_UNAVAILABLE', 'away'))
    const failing: TicketKeeper = {
      put: async () => away,
      find: async () => away,
      spend: async () => away,
      list: async () => away,
      removeExpired: async () => away,
      figures: () => ({ tickets: 0, bytes: 0 }),
      limit: () => {},
    }
    const { callbacks, kept, clock, tokenOf } = opened({ durable: failing })
    kept.update(failing)
    assert.equal(await callbacks.keep(tokenOf('a', true), '/back', result), away)
    assert.equal(await callbacks.fetch(tokenOf('a', true), false), away)
    assert.equal(await kept.tickets(5), away)
    await clock.advance(30_000)
    const { callbacks: once, tokenOf: tokenOfOnce } = opened({
      fetchOnce: true,
      memory: {
        ...memoryTickets(wideTickets),
        find: async () =>
          ok({ id: 'a', route: '', createdAt: 0, readyUntil: 9e15, knownUntil: 9e15, bytes: 4, result }),
        spend: async () => away,
      },
    })
    assert.equal(await once.fetch(tokenOfOnce('a'), false), away)
  })
})

describe('tickets', () => {
  it('are promised up to the limit, until some have expired', async () => {
    const { clock, callbacks } = opened({ maxTickets: 2 })
    const promise = (): string | undefined =>
      callbacks.promise(callbacks.signer.issue(false, clock.wallNow() + 5000), work)
    assert.deepEqual(
      [1, 2, 3].map(() => promise() !== undefined),
      [true, true, false],
    )
    await clock.advance(10_000)
    assert.ok(promise() !== undefined)
  })

  it('make room for others once they are fetched, with fetch: once', async () => {
    const { clock, callbacks } = opened({ maxTickets: 1, fetchOnce: true })
    const issue = callbacks.signer.issue(false, clock.wallNow() + 5000)
    callbacks.promise(issue, work)
    await callbacks.keep(issue, '/back', result)
    assert.deepEqual(await callbacks.fetch(issue, true), fetched)
    const other = (): string | undefined =>
      callbacks.promise(callbacks.signer.issue(false, clock.wallNow() + 5000), work)
    assert.equal(other(), undefined)
    assert.deepEqual(await callbacks.fetch(issue, false), fetched)
    assert.ok(other() !== undefined)
    assert.equal(given(await callbacks.keep(issue, '/back', result)), 'repeated')
    await clock.advance(10_000)
    assert.deepEqual([other() !== undefined, other()], [true, undefined], 'no ticket is given back twice')
  })

  it('are the same if promised again, and gone once withdrawn', async () => {
    const { callbacks, clock } = opened({ maxTickets: 1 })
    const issue = callbacks.signer.issue(false, clock.wallNow() + 5000)
    assert.equal(callbacks.promise(issue, work), callbacks.promise(issue, work))
    callbacks.withdraw(issue.id)
    callbacks.withdraw(issue.id)
    assert.equal(given(await callbacks.keep(issue, '/back', result)), 'repeated')
    const [first, second] = [1, 2].map(() =>
      callbacks.promise(callbacks.signer.issue(false, clock.wallNow() + 5000), work),
    )
    assert.deepEqual([first !== undefined, second], [true, undefined])
  })

  it('are over once a reload turns off keeping, as no result can arrive', async () => {
    const { callbacks, clock } = opened()
    const issue = callbacks.signer.issue(false, clock.wallNow() + 5000)
    callbacks.promise(issue, work)
    const settings = { publicUrl: () => '', durable: undefined, fetchOnce: false }
    callbacks.update({ ...settings, keepMs: 0, maxTickets: 1 })
    assert.equal(given(await callbacks.keep(issue, '/back', result)), 'dropped')
    assert.deepEqual(await callbacks.fetch(issue, false), over)
  })

  it('are not given if results are not kept', () => {
    const { callbacks } = opened({ keepMs: 0 })
    assert.equal(callbacks.promise(callbacks.signer.issue(false, 5000), work), undefined)
  })

  it('mark their results as wanted; no other result of this run is', async () => {
    const { callbacks } = opened()
    const issues = [1, 2].map(() => callbacks.signer.issue(false, 2e12))
    callbacks.promise(issues[0] as (typeof issues)[number], work)
    const kept = await Promise.all(issues.map((issue) => callbacks.keep(issue, '/back', result)))
    assert.deepEqual(kept.map(given), ['kept', 'repeated'])
  })
})

describe('callbacks', () => {
  it('identify a ticket by its own token', () => {
    const { callbacks } = opened()
    const issue = callbacks.signer.issue(false, 5000)
    const url = callbacks.promise(issue, work)
    assert.equal(url, `/_hedgerow/tickets/${callbacks.signer.token(issue, 'ticket')}`)
    assert.ok(!url?.includes(callbacks.signer.token(issue, 'callback')))
  })

  it('are quiet for every caller once no client waits and no backend is being called', async () => {
    const { callbacks } = opened()
    await callbacks.quiet()
    const waiter = callbacks.waiters.register(
      { id: 'a', route: '', startedAtMs: 0, expiresAtMs: 0, terms: someTerms },
      () => {},
    )
    for (const id of ['a', 'b']) callbacks.begun(id, () => {})
    const told: string[] = []
    void callbacks.quiet().then(() => told.push('first'))
    void callbacks.quiet().then(() => told.push('second'))
    callbacks.waiters.end(waiter, 'gone', failed(failure('CLIENT_GONE', 'gone')))
    await settled()
    callbacks.done('a')
    await settled()
    assert.deepEqual(told, [])
    callbacks.done('b')
    await settled()
    assert.deepEqual(told, ['first', 'second'])
  })

  it('leave no timer behind when closed', async () => {
    const { callbacks, kept, clock } = opened()
    await clock.advance(35_000)
    assert.equal(clock.pendingCount, 2)
    callbacks.close()
    kept.close()
    assert.equal(clock.pendingCount, 0)
  })
})

describe('callbacks whose settings change', () => {
  it('use them from then on, and keep waiters, tickets and late results', async () => {
    const { clock, memory, callbacks, tokenOf } = opened()
    const settings = {
      publicUrl: () => 'https://elsewhere',
      durable: undefined,
      keepMs: 2 * keepMs,
      fetchOnce: true,
      maxTickets: 1,
    }
    const issue = callbacks.signer.issue(false, clock.wallNow() + 65_000)
    assert.ok(callbacks.promise(issue, work) !== undefined)
    const facts = { id: 'w', route: 'r', startedAtMs: 0, expiresAtMs: 1, terms: someTerms }
    const waiter = callbacks.waiters.register(facts, () => {})
    await callbacks.keep(tokenOf('a'), '/back', result)
    callbacks.update(settings)
    assert.deepEqual([callbacks.publicUrl(), callbacks.keepMs], ['https://elsewhere', 2 * keepMs])
    assert.equal(callbacks.waiters.find('w'), waiter)
    const token = callbacks.signer.verify(callbacks.signer.token(issue, 'callback'), 'callback', clock.wallNow())
    assert.ok(token.kind === 'good' && callbacks.isPromised(token))
    assert.equal(
      callbacks.promise(callbacks.signer.issue(false, clock.wallNow() + 1000), work),
      undefined,
      'one is out',
    )
    assert.deepEqual(await callbacks.fetch(tokenOf('a'), false), fetched)
    assert.deepEqual(await callbacks.fetch(tokenOf('a'), false), over, 'now it can be fetched once')
    await callbacks.keep(tokenOf('b'), '/back', result)
    assert.equal(given(await memory.find('b'))?.readyUntil, clock.wallNow() + 2 * keepMs)
    assert.equal(
      given(await callbacks.keep(tokenOf('c', true), '/back', result)),
      'dropped',
      'there is no durable store any more',
    )
  })

  it('apply new limits to kept results without losing any', async () => {
    const { memory, callbacks, kept, tokenOf } = opened()
    for (const id of ['a', 'b']) await callbacks.keep(tokenOf(id), '/back', result)
    memory.limit({ maxTickets: 1, maxBytes: 1e6 })
    assert.equal(failureOf(await callbacks.keep(tokenOf('c'), '/back', result)).code, 'STORE_FULL')
    assert.equal(kept.ticketFigures().tickets, 2)
    memory.limit(wideTickets)
    assert.equal(given(await callbacks.keep(tokenOf('c'), '/back', result)), 'kept')
  })
})
