/**
 * The cost of one operation on memory shared by several threads: with the other thread idle, and with one that changes
 * the same numbers all the time.
 *
 *   bin/node bench/micro/shared-memory.ts
 */
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { ActiveBudget, CallBudget } from '../../src/kit/budgets.ts'
import { type Regions, SharedMemory } from '../../src/kit/shared-memory.ts'
import { hedgeDelay } from '../../src/strategies/hedge/delay.ts'
import { allOf } from '../../src/upstream/balance/rotation.ts'
import { roundRobin } from '../../src/upstream/balance/round-robin.ts'

const rounds = 2_000_000

if (isMainThread) {
  const memory = new SharedMemory({ slot: 0, slots: 4 })
  console.log('ns a step               alone   beside another thread')
  const alone = partsOf(memory).map(measure)
  const rival = new Worker(import.meta.filename, { workerData: memory.regions() })
  await new Promise((resolve) => rival.once('online', resolve))
  const contended = partsOf(memory).map(measure)
  await rival.terminate()
  for (const [place, { name }] of partsOf(memory).entries()) {
    console.log(`${name.padEnd(20)} ${text(alone[place])}   ${text(contended[place])}`)
  }
} else {
  const parts = partsOf(new SharedMemory({ slot: 1, slots: 4, regions: workerData as Regions }))
  for (;;) for (const { step } of parts) step()
}

function partsOf(memory: SharedMemory): readonly { readonly name: string; readonly step: () => void }[] {
  const levels = memory.levels('levels', 1)
  const active = new ActiveBudget({ share: 0.2, floor: 3 }, memory)
  const calls = new CallBudget({ share: 0.2, floor: 3 }, memory)
  const delay = hedgeDelay({ quantile: 0.95, min: 1, max: 1000, start: 100 }, memory)
  const targets = ['a', 'b', 'c'].map((name) => ({ name, upstream: 'work', weight: 1 }) as never)
  const balancer = roundRobin(allOf(targets), memory)
  return [
    { name: 'level up', step: () => levels.add(0, 1) },
    { name: 'sum of 4 workers', step: () => levels.sum(0) },
    { name: 'retry budget', step: () => active.tryTake() && active.giveBack() },
    { name: 'hedge budget', step: () => calls.callStarted() },
    { name: 'hedge in time', step: () => delay.inTime(delay.begin(), 12) },
    { name: 'hedge late', step: () => delay.late(delay.begin()) },
    { name: 'hedge delay', step: () => delay.delayMs() },
    { name: 'turn among 3', step: () => balancer.pick(undefined, undefined as never) },
  ]
}

function measure({ step }: { readonly step: () => void }): number {
  for (let i = 0; i < rounds / 10; i++) step()
  const begin = process.hrtime.bigint()
  for (let i = 0; i < rounds; i++) step()
  return Number(process.hrtime.bigint() - begin) / rounds
}

function text(ns: number | undefined): string {
  return (ns ?? 0).toFixed(1).padStart(7)
}
