/**
 * The cost of a durable delivery: each is inserted and, once on disk, updated to acknowledged by three targets. CPU is
 * that of the whole process, the store's thread included; the memory store beside it shows the cost of durability.
 *
 *   bin/node bench/micro/store.ts [--seconds 3] [--folder .] [--rate 2500]
 *
 * The last rows are for deliveries that arrive one by one at this rate, as in a gateway, instead of as fast as
 * possible. The folder decides the disk. Exit code 1 if SQLite with 64 in parallel stays under 2,500 deliveries/s or
 * takes more than 80 us of CPU each.
 */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { systemClock } from '../../src/kit/clock.ts'
import type { DeliveryStore, NewDelivery, StoredLeg } from '../../src/store/delivery-store.ts'
import { memoryStore } from '../../src/store/memory-store.ts'
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { quantile } from '../kit/statistics.ts'

const { values: args } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    folder: { type: 'string', default: '.' },
    rate: { type: 'string', default: '2500' },
  },
})
const runMs = Number(args.seconds) * 1000
const limits = { maxUndeliveredBytes: 256 * 1024 * 1024 }
const targets = ['server1', 'server2', 'server3']
const headers = ['content-type', 'application/x-www-form-urlencoded', 'user-agent', 'bench/1', 'accept', '*/*']

interface Measured {
  readonly name: string
  readonly load: string
  readonly perSecond: number
  readonly cpuUs: number
  readonly syncsPerSecond: number
  readonly writesPerSync: number
  readonly insertMs: readonly number[]
}

const folder = mkdtempSync(join(args.folder, 'store-bench-'))
try {
  const all: Measured[] = []
  for (const [name, open] of [
    ['memory', openMemory],
    ['sqlite', openSqlite],
  ] as const) {
    for (const parallel of [1, 16, 64, 256])
      all.push(await run(name, await open(), `${parallel} in parallel`, inParallel(parallel)))
    all.push(await run(name, await open(), `${args.rate}/s`, atRate(Number(args.rate))))
  }
  process.exitCode = report(all) ? 0 : 1
} finally {
  rmSync(folder, { recursive: true })
}

async function openMemory(): Promise<DeliveryStore> {
  return memoryStore({ limits })
}

async function openSqlite(): Promise<DeliveryStore> {
  const path = join(folder, `${randomUUID()}.db`)
  const opened = await openSqliteStore({ path, clock: systemClock(), limits, log: console.error })
  if (!opened.ok) throw new Error(opened.problem)
  return opened.store
}

type Load = (deliver: () => Promise<void>, untilMs: number) => Promise<void>

function inParallel(count: number): Load {
  return async (deliver, untilMs) => {
    const worker = async (): Promise<void> => {
      let turn = 0
      while (performance.now() < untilMs) {
        await deliver()
        // A store that never waits would block everything else.
        if (++turn % 64 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
    }
    await Promise.all(Array.from({ length: count }, worker))
  }
}

/** Uses random intervals, so that arrivals are as irregular as those of many clients. */
function atRate(perSecond: number): Load {
  return async (deliver, untilMs) => {
    const running = new Set<Promise<void>>()
    let nextMs = performance.now()
    while (performance.now() < untilMs) {
      while (nextMs <= performance.now()) {
        const one: Promise<void> = deliver().finally(() => running.delete(one))
        running.add(one)
        nextMs -= Math.log(1 - Math.random()) * (1000 / perSecond)
      }
      await sleep(1)
    }
    await Promise.all(running)
  }
}

async function run(name: string, store: DeliveryStore, load: string, drive: Load): Promise<Measured> {
  const insertMs: number[] = []
  let count = 0
  const deliver = async (): Promise<void> => {
    const startedMs = performance.now()
    const result = await store.insert(newDelivery(count++))
    if (result.kind !== 'inserted') throw new Error(`not inserted: ${result.kind}`)
    insertMs.push(performance.now() - startedMs)
    const update = {
      sequence: result.sequence,
      legs: legs('acknowledged'),
      finishedAt: 1_700_000_000_000,
      answer: undefined,
    }
    if (!(await store.update(update)).ok) throw new Error('not updated')
  }
  await drive(deliver, performance.now() + runMs / 3)
  const before = await figuresOf(store)
  const countBefore = count
  insertMs.length = 0
  const startedMs = performance.now()
  const cpuBefore = process.cpuUsage()
  await drive(deliver, startedMs + runMs)
  const cpu = process.cpuUsage(cpuBefore)
  const seconds = (performance.now() - startedMs) / 1000
  const after = await figuresOf(store)
  await store.close()
  const syncs = after.syncs - before.syncs
  return {
    name,
    load,
    perSecond: (count - countBefore) / seconds,
    cpuUs: (cpu.user + cpu.system) / (count - countBefore),
    syncsPerSecond: syncs / seconds,
    writesPerSync: syncs === 0 ? 0 : (after.writes - before.writes) / syncs,
    insertMs,
  }
}

async function figuresOf(store: DeliveryStore): Promise<{ readonly syncs: number; readonly writes: number }> {
  const figures = await store.figures()
  if (!figures.ok) throw new Error(figures.failure.detail)
  return figures.value
}

function newDelivery(number: number): NewDelivery {
  const body = Buffer.from(`username=user${number}&password=secret${number}`)
  return {
    id: randomUUID(),
    route: 'POST /register',
    lane: `user${number}`,
    idempotencyKey: undefined,
    fingerprint: 'a94a8fe5ccb19ba61c4c0873d391e987982fbbd3a94a8fe5ccb19ba61c4c0873',
    createdAt: 1_700_000_000_000,
    request: { method: 'POST', path: '/register', query: '', headers, body },
    legs: legs('pending'),
  }
}

function legs(state: 'pending' | 'acknowledged'): readonly StoredLeg[] {
  const done = state === 'acknowledged'
  return targets.map((target) => ({
    target,
    state,
    attempts: done ? 1 : 0,
    nextAttemptAt: done ? undefined : 1_700_000_000_000,
    waitMs: done ? undefined : 1000,
    outcome: done ? 'success' : undefined,
    status: done ? 201 : undefined,
    detail: undefined,
  }))
}

function report(all: readonly Measured[]): boolean {
  const columns = ['deliveries/s', 'CPU us each', 'syncs/s', 'writes/sync', 'insert p50 ms', 'p99 ms']
  console.log(`${''.padEnd(24)}${columns.map((column) => column.padStart(14)).join('')}`)
  for (const { name, load, perSecond, cpuUs, syncsPerSecond, writesPerSync, insertMs } of all) {
    const figures = [perSecond.toFixed(0), cpuUs.toFixed(1), syncsPerSecond.toFixed(0), writesPerSync.toFixed(1)]
    const latencies = [quantile(insertMs, 0.5).toFixed(2), quantile(insertMs, 0.99).toFixed(2)]
    console.log(
      `${`${name} ${load}`.padEnd(24)}${[...figures, ...latencies].map((text) => text.padStart(14)).join('')}`,
    )
  }
  const judged = all.find(({ name, load }) => name === 'sqlite' && load === '64 in parallel')
  return judged !== undefined && judged.perSecond >= 2500 && judged.cpuUs <= 80
}
