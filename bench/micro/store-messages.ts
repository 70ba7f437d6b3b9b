/**
 * Four ways to send a batch of inserts to the store's thread; all end in the values passed to SQLite. The store uses
 * `rows, one buffer`: see src/store/sqlite/rows.ts.
 *
 *   bin/node bench/micro/store-messages.ts [--rounds 4000]
 *
 * CPU of both threads from batch to values and back; the first row is the message passing alone, without contents.
 */
import { randomUUID } from 'node:crypto'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import type { NewDelivery } from '../../src/store/delivery-store.ts'
import { BytesWriter } from '../../src/store/sqlite/bytes.ts'
import { type InsertRow, insertRow } from '../../src/store/sqlite/rows.ts'
import { median } from '../kit/statistics.ts'

type Values = readonly (string | number | null | Uint8Array)[]

interface Form {
  readonly name: string
  readonly encode: (batch: readonly NewDelivery[]) => { readonly message: unknown; readonly moved: ArrayBuffer[] }
  readonly decode: (message: never) => readonly Values[]
}

const columns = 16

const nothing: Form = { name: 'nothing', encode: () => ({ message: 0, moved: [] }), decode: () => [] }

const rowsOneBuffer: Form = {
  name: 'rows, one buffer',
  encode: (batch) => {
    const bytes = new BytesWriter()
    const rows = batch.map((delivery, place) => insertRow(place, delivery, bytes))
    const buffer = bytes.take()
    return { message: { rows, buffer }, moved: [buffer.buffer] }
  },
  decode: ({ rows, buffer }: { rows: readonly InsertRow[]; buffer: Uint8Array }) =>
    rows.map(([delivery, request, start, end]) => [...delivery, ...request, buffer.subarray(start, end)]),
}

const rowsOwnBuffers: Form = {
  name: 'rows, own buffers',
  encode: (batch) => ({ message: batch.map(valuesOf), moved: [] }),
  decode: (rows: readonly Values[]) => rows,
}

const flat: Form = {
  name: 'flat array',
  encode: (batch) => ({ message: batch.flatMap(valuesOf), moved: [] }),
  decode: (all: Values) =>
    Array.from({ length: all.length / columns }, (_, place) => all.slice(place * columns, (place + 1) * columns)),
}

const encoded: Form = {
  name: 'encoded buffer',
  encode: (batch) => {
    const writer = new ValueWriter()
    for (const values of batch.map(valuesOf)) for (const value of values) writer.write(value)
    const buffer = writer.take()
    return { message: buffer, moved: [buffer.buffer as ArrayBuffer] }
  },
  decode: (buffer: Uint8Array) => readValues(Buffer.from(buffer.buffer, buffer.byteOffset, buffer.byteLength)),
}

const forms = [nothing, rowsOneBuffer, rowsOwnBuffers, flat, encoded]

/** A tag precedes each value; texts and bytes also have their length. */
class ValueWriter {
  #buffer = Buffer.allocUnsafeSlow(65_536)
  #at = 0

  write(value: Values[number]): void {
    if (value === null) this.#at = this.#roomFor(1).writeUInt8(0, this.#at)
    else if (typeof value === 'number') {
      this.#at = this.#roomFor(9).writeUInt8(1, this.#at)
      this.#at = this.#buffer.writeDoubleLE(value, this.#at)
    } else if (typeof value === 'string') {
      this.#at = this.#roomFor(5 + 3 * value.length).writeUInt8(2, this.#at)
      const length = this.#buffer.write(value, this.#at + 4)
      this.#at = this.#buffer.writeUInt32LE(length, this.#at) + length
    } else {
      this.#at = this.#roomFor(5 + value.length).writeUInt8(3, this.#at)
      this.#at = this.#buffer.writeUInt32LE(value.length, this.#at)
      this.#buffer.set(value, this.#at)
      this.#at += value.length
    }
  }

  take(): Buffer {
    return this.#buffer.subarray(0, this.#at)
  }

  #roomFor(bytes: number): Buffer {
    if (this.#at + bytes > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(2 * this.#buffer.length + bytes)
      this.#buffer.copy(larger, 0, 0, this.#at)
      this.#buffer = larger
    }
    return this.#buffer
  }
}

function readValues(buffer: Buffer): readonly Values[] {
  const rows: Values[] = []
  let at = 0
  const next = (): Values[number] => {
    const tag = buffer.readUInt8(at++)
    if (tag === 0) return null
    if (tag === 1) {
      at += 8
      return buffer.readDoubleLE(at - 8)
    }
    const start = at + 4
    at = start + buffer.readUInt32LE(at)
    return tag === 2 ? buffer.toString('utf8', start, at) : buffer.subarray(start, at)
  }
  while (at < buffer.length) rows.push(Array.from({ length: columns }, next))
  return rows
}

function valuesOf(delivery: NewDelivery, place: number): Values {
  const [values, request] = insertRow(
    place,
    { ...delivery, request: { ...delivery.request, body: undefined } },
    new BytesWriter(),
  )
  // A slice of a socket's large buffer: cloning it as it is would copy the whole buffer.
  return [...values, ...request, new Uint8Array(delivery.request.body ?? [])]
}

async function main(rounds: number): Promise<void> {
  console.log(`CPU us per insert${''.padEnd(7)}${forms.map(({ name }) => name.padStart(20)).join('')}`)
  for (const size of [1, 8, 32, 64, 256]) {
    const cells: string[] = []
    for (const form of forms) {
      const runs = [
        await measure(form, size, rounds),
        await measure(form, size, rounds),
        await measure(form, size, rounds),
      ]
      cells.push(median(runs).toFixed(2).padStart(20))
    }
    console.log(`${`batches of ${size}`.padEnd(24)}${cells.join('')}`)
  }
}

async function measure(form: Form, size: number, rounds: number): Promise<number> {
  const worker = new Worker(import.meta.filename, { workerData: form.name })
  const pool = Buffer.alloc(65_536, 'username=alice&password=secret')
  const batches = Array.from({ length: 100 }, (_, batch) =>
    Array.from({ length: size }, (_, place) => delivery(pool.subarray(batch + place, batch + place + 31))),
  )
  const count = Math.max(50, Math.round(rounds / size))
  const pass = async (turns: number): Promise<void> => {
    for (let turn = 0; turn < turns; turn++) {
      const { message, moved } = form.encode(batches[turn % batches.length] as readonly NewDelivery[])
      const answered = new Promise((resolve) => worker.once('message', resolve))
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, no window
      worker.postMessage(message, moved)
      await answered
    }
  }
  await pass(count / 4)
  const before = process.cpuUsage()
  await pass(count)
  const { user, system } = process.cpuUsage(before)
  await worker.terminate()
  return (user + system) / count / size
}

function delivery(body: Uint8Array): NewDelivery {
  return {
    id: randomUUID(),
    route: 'POST /register',
    lane: 'alice',
    idempotencyKey: undefined,
    fingerprint: 'a94a8fe5ccb19ba61c4c0873d391e987982fbbd3a94a8fe5ccb19ba61c4c0873',
    createdAt: 1_700_000_000_000,
    request: { method: 'POST', path: '/register', query: '', headers: ['host', 'a.example', 'accept', '*/*'], body },
    legs: ['server1', 'server2', 'server3'].map((target) => ({
      target,
      state: 'pending',
      attempts: 0,
      nextAttemptAt: 1_700_000_000_000,
      waitMs: 1000,
      outcome: undefined,
      status: undefined,
      detail: undefined,
    })),
  }
}

if (isMainThread) {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '20000' } } })
  await main(Number(values.rounds))
} else {
  const form = forms.find(({ name }) => name === workerData)
  parentPort?.on('message', (message: unknown) => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port, no window
    parentPort?.postMessage(form?.decode(message as never).length)
  })
}
