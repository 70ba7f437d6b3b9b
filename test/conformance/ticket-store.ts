import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { Ticket, TicketKeeper, TicketLimits } from '../../src/store/ticket-store.ts'
import { failureOf } from '../kit/calls.ts'
import { given } from '../kit/results.ts'

/** Opens the store of one test: empty the first time, then with its previous contents. */
export type OpenTickets = (limits: TicketLimits) => Promise<{ readonly tickets: TicketKeeper; close(): Promise<void> }>

interface Skips {
  /** Why tests that reopen the store are skipped. */
  readonly reopening?: string
}

const wide: TicketLimits = { maxTickets: 1000, maxBytes: 1_000_000 }

export function someTicket(id: string, change: Partial<Ticket> = {}): Ticket {
  const body = Buffer.from(`result of ${id}`)
  return {
    id,
    route: 'GET /report',
    createdAt: 1000,
    readyUntil: 2000,
    knownUntil: 3000,
    bytes: body.byteLength,
    result: { kind: 'answer', status: 200, contentType: 'text/plain', body },
    ...change,
  }
}

/** The contract of every ticket store. A new backend only has to pass this suite. */
export function ticketStoreConformance(name: string, place: (t: TestContext) => OpenTickets, skip: Skips = {}): void {
  const withTickets =
    (test: (tickets: TicketKeeper) => Promise<void>, limits = wide) =>
    async (t: TestContext) => {
      const opened = await place(t)(limits)
      try {
        await test(opened.tickets)
      } finally {
        await opened.close()
      }
    }

  describe(`tickets: ${name}`, () => {
    it(
      'returns a result byte for byte',
      withTickets(async (tickets) => {
        const body = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
        const result = { kind: 'answer', status: 404, contentType: 'x/y; z="ü"', body } as const
        const ticket = someTicket('a', { result, bytes: 256 })
        assert.equal(given(await tickets.put(ticket)), 'kept')
        const found = given(await tickets.find('a'))
        assert.ok(found?.result?.kind === 'answer')
        assert.deepEqual(Buffer.from(found.result.body), body)
        assert.deepEqual({ ...found, result: { ...found.result, body } }, ticket)
      }),
    )

    it(
      'keeps an empty result, and a failure with its code',
      withTickets(async (tickets) => {
        const empty = { kind: 'answer', status: 200, contentType: '', body: new Uint8Array() } as const
        const failed = { kind: 'failure', code: 'UPSTREAM_STATUS', detail: 'Backend failed with: ünd' } as const
        await tickets.put(someTicket('empty', { result: empty, bytes: 0 }))
        await tickets.put(someTicket('failed', { result: failed }))
        const found = given(await tickets.find('empty'))
        assert.ok(found?.result?.kind === 'answer')
        assert.equal(found.result.body.byteLength, 0)
        assert.deepEqual(given(await tickets.find('failed'))?.result, failed)
      }),
    )

    it(
      'keeps the first result of a ticket',
      withTickets(async (tickets) => {
        await tickets.put(someTicket('a'))
        assert.equal(given(await tickets.put(someTicket('a', { createdAt: 7, bytes: 1 }))), 'repeated')
        assert.equal(given(await tickets.find('a'))?.createdAt, 1000)
      }),
    )

    it(
      'detects a repeat among concurrent results',
      withTickets(async (tickets) => {
        const results = await Promise.all(['a', 'b', 'a', 'a'].map((id) => tickets.put(someTicket(id))))
        assert.deepEqual(results.map(given), ['kept', 'kept', 'repeated', 'repeated'])
        assert.equal(tickets.figures().tickets, 2)
      }),
    )

    it(
      'applies new limits at once, and loses nothing',
      withTickets(async (tickets) => {
        for (const id of ['a', 'b']) await tickets.put(someTicket(id))
        tickets.limit({ maxTickets: 1, maxBytes: 1e6 })
        assert.equal(failureOf(await tickets.put(someTicket('c'))).code, 'STORE_FULL')
        assert.equal(tickets.figures().tickets, 2)
        tickets.limit(wide)
        assert.equal(given(await tickets.put(someTicket('c'))), 'kept')
      }),
    )

    it(
      'reports tickets that were never put as unknown',
      withTickets(async (tickets) => {
        assert.equal(given(await tickets.find('a')), undefined)
        assert.equal(given(await tickets.spend('a')), false)
      }),
    )

    it(
      'returns a result once, and remembers that it existed',
      withTickets(async (tickets) => {
        await tickets.put(someTicket('a'))
        const spent = await Promise.all([tickets.spend('a'), tickets.spend('a')])
        assert.equal(spent.map(given).filter(Boolean).length, 1)
        assert.equal(given(await tickets.find('a'))?.result, undefined)
        assert.equal(given(await tickets.put(someTicket('a'))), 'repeated')
        assert.deepEqual(tickets.figures(), { tickets: 0, bytes: 0 })
      }),
    )

    it(
      'drops a result when it is no longer ready, and forgets its ticket when it is no longer known',
      withTickets(async (tickets) => {
        await tickets.put(someTicket('a'))
        await tickets.put(someTicket('b', { readyUntil: 5000, knownUntil: 3000 }))
        await tickets.removeExpired(1999)
        assert.notEqual(given(await tickets.find('a'))?.result, undefined)
        await tickets.removeExpired(2000)
        assert.equal(given(await tickets.find('a'))?.result, undefined)
        await tickets.removeExpired(3000)
        assert.equal(given(await tickets.find('a')), undefined)
        assert.notEqual(given(await tickets.find('b'))?.result, undefined)
        await tickets.removeExpired(5000)
        assert.equal(given(await tickets.find('b')), undefined)
        assert.deepEqual(tickets.figures(), { tickets: 0, bytes: 0 })
      }),
    )

    it(
      'refuses results beyond its limits, concurrent ones too, and has room again after a removal',
      withTickets(
        async (tickets) => {
          const results = await Promise.all(
            ['a', 'b', 'c'].map((id) => tickets.put(someTicket(id, { readyUntil: id === 'a' ? 1 : 9, knownUntil: 1 }))),
          )
          const refused = results.filter(({ ok }) => !ok).map(failureOf)
          assert.deepEqual(
            refused.map(({ code }) => code),
            ['STORE_FULL'],
          )
          assert.match(refused[0]?.detail ?? '', /callbacks\.tickets\.limit/)
          await tickets.removeExpired(5)
          assert.equal(given(await tickets.put(someTicket('d', { bytes: 90 }))), 'kept')
          assert.equal(failureOf(await tickets.put(someTicket('e', { bytes: 90 }))).code, 'STORE_FULL')
        },
        { maxTickets: 2, maxBytes: 150 },
      ),
    )

    it(
      'refuses a result larger than its total capacity',
      withTickets(
        async (tickets) => {
          const full = failureOf(await tickets.put(someTicket('a', { bytes: 151 })))
          assert.match(full.detail, /callbacks\.tickets\.size/)
          assert.equal(given(await tickets.find('a')), undefined)
        },
        { maxTickets: 2, maxBytes: 150 },
      ),
    )

    it(
      'lists the newest first, without results',
      withTickets(async (tickets) => {
        for (const [at, id] of ['a', 'b', 'c'].entries()) await tickets.put(someTicket(id, { createdAt: at }))
        const listed = given(await tickets.list(2))
        assert.deepEqual(
          listed.map(({ id }) => id),
          ['c', 'b'],
        )
      }),
    )

    it('has the same contents when it is reopened', { skip: skip.reopening ?? false }, async (t) => {
      const open = place(t)
      const before = await open(wide)
      await before.tickets.put(someTicket('a'))
      await before.tickets.put(someTicket('b'))
      await before.tickets.spend('b')
      await before.close()
      const after = await open(wide)
      assert.notEqual(given(await after.tickets.find('a'))?.result, undefined)
      assert.equal(given(await after.tickets.find('b'))?.result, undefined)
      assert.deepEqual(after.tickets.figures(), { tickets: 1, bytes: someTicket('a').bytes })
      await after.close()
    })
  })
}
