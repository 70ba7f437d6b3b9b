/**
 * Writes to a store until it is killed, 32 deliveries at a time, and writes one line to a file for each change once its
 * promise has resolved: `i <sequence> <id>` for an insert, `u <sequence>` for an update to acknowledged. Written lines
 * outlive the process, and unlike a pipe a file never blocks. Prints `open` once the store is open.
 *
 *   writer-child.ts <path> <lines> [hold]    with `hold` it writes one delivery and then only keeps the store open
 */
import { randomUUID } from 'node:crypto'
import { openSync, writeSync } from 'node:fs'
import { systemClock } from '../../src/kit/clock.ts'
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { allLegs, someDelivery } from '../conformance/deliveries.ts'

const [path = '', linesPath = '', mode] = process.argv.slice(2)
const lines = openSync(linesPath, 'w')
const report = (text: string): number => writeSync(lines, `${text}\n`)

const limits = { maxUndeliveredBytes: Number.MAX_SAFE_INTEGER }
const opened = await openSqliteStore({ path, clock: systemClock(), limits, log: (text) => process.stderr.write(text) })
if (!opened.ok) {
  process.stderr.write(`${opened.problem}\n`)
  process.exit(1)
}
const { store } = opened
process.stdout.write('open\n')

async function writeOne(n: number): Promise<void> {
  const id = randomUUID()
  const result = await store.insert(someDelivery({ id, idempotencyKey: id }))
  if (result.kind !== 'inserted') throw new Error(`it was ${result.kind}`)
  report(`i ${result.sequence} ${id}`)
  if (n % 2 === 0) return
  const updated = await store.update(allLegs(result.sequence, 'acknowledged'))
  if (!updated.ok) throw new Error(updated.failure.detail)
  report(`u ${result.sequence}`)
}

async function writeForEver(): Promise<never> {
  for (let n = 0; ; n++) await writeOne(n)
}

await (mode === 'hold' ? writeOne(0) : Promise.all(Array.from({ length: 32 }, writeForEver)))
