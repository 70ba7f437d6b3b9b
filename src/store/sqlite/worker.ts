import { parentPort } from 'node:worker_threads'
import { Database } from './database.ts'
import type { ExchangeName, Exchanges, Opened, OpenRequest, Reply } from './exchanges.ts'
import { find, list, load } from './read.ts'
import { reconcile, restore } from './recover.ts'
import { numberOf } from './schema.ts'
import { StoreFaultError, storeFaultOf } from './store-fault.ts'
import { remove, write } from './write.ts'

/**
 * The store's thread: it has the database to itself, answers one request at a time, and keeps no state between requests
 * but the open database. State that must survive the thread is kept on the calling side.
 */
export type Question = { [Name in ExchangeName]: readonly [Name, Exchanges[Name]['request']] }[ExchangeName]

let path = ''
let database: Database | undefined

const answers: { readonly [Name in ExchangeName]: (request: Exchanges[Name]['request']) => Exchanges[Name]['reply'] } =
  {
    open,
    load: (request) => load(opened(), request),
    reconcile: (request) => reconcile(opened(), request),
    restore: (request) => restore(opened(), request),
    write: (request) => write(opened(), request),
    find: (request) => find(opened(), request),
    list: (request) => list(opened(), request),
    remove: (request) => remove(opened(), request),
    ticketsPut: (request) => opened().tickets.put(request),
    ticketFind: (id) => opened().tickets.find(id),
    ticketSpend: (id) => opened().tickets.spend(id),
    ticketList: (limit) => opened().tickets.list(limit),
    ticketsExpire: (now) => opened().tickets.removeExpired(now),
    verify: () => {
      opened().verify()
      return { full: opened().room.lack }
    },
    close: () => {
      letGo()
      return null
    },
  }

parentPort?.on('message', ([name, request]: Question) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port, not a window
  parentPort?.postMessage(reply(() => (answers[name] as (request: unknown) => unknown)(request)))
})

function reply(answer: () => unknown): Reply<ExchangeName> {
  try {
    return { ok: true, value: answer() as Exchanges[ExchangeName]['reply'] }
  } catch (error) {
    const storeFault = storeFaultOf(error, path)
    // SQLite's memory may differ from the disk: reopen the database from the file.
    if (storeFault.kind === 'unavailable') letGo()
    return { ok: false, storeFault }
  }
}

function open(request: OpenRequest): Opened {
  letGo()
  path = request.path
  database = Database.open(request)
  const { db, storeId, made, lastSequence, deliveries, tickets, room } = database
  const settledDeadLegs = numberOf(db, 'SELECT coalesce(sum(dead), 0) FROM delivery WHERE dead > 0 AND pending = 0')
  return { storeId, made, lastSequence, deliveries, settledDeadLegs, tickets: tickets.figures(), full: room.lack }
}

function opened(): Database {
  if (database === undefined) throw new StoreFaultError('unavailable', `The store ${path} is not open.`)
  return database
}

function letGo(): void {
  const open = database
  database = undefined
  try {
    open?.close()
  } catch {
    // The database is closed all the same, and its error has already been reported.
  }
}
