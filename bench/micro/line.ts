/**
 * What it costs to ask another thread: CPU of the whole process for each question with its answer, one at a time and 64
 * at once, with a body of 200 bytes that moves along.
 *
 *   bin/node bench/micro/line.ts
 */
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { Line } from '../../src/kit/rpc.ts'

interface Echo {
  echo(body: Uint8Array): number
}

const questions = 100_000
const logFault = (fault: unknown): void => console.error(fault)

if (isMainThread) {
  const worker = new Worker(import.meta.filename)
  const line = new Line<object, Echo>(worker, {}, logFault)
  for (const atOnce of [1, 64]) {
    await ask(line, atOnce, questions / 10)
    const before = process.cpuUsage()
    const startedMs = performance.now()
    await ask(line, atOnce, questions)
    const { user, system } = process.cpuUsage(before)
    const perSecond = (questions / (performance.now() - startedMs)) * 1000
    const cpu = ((user + system) / questions).toFixed(1)
    console.log(`${String(atOnce).padStart(3)} at once: ${cpu} us CPU a question, ${Math.round(perSecond)}/s`)
  }
  await worker.terminate()
} else if (parentPort !== null) {
  void new Line<Echo, object>(parentPort, { echo: (body) => body.length }, logFault)
}

async function ask(line: Line<object, Echo>, atOnce: number, count: number): Promise<void> {
  let left = count
  const one = async (): Promise<void> => {
    while (left-- > 0) {
      const body = new Uint8Array(200)
      await line.ask('echo', [body], [body.buffer])
    }
  }
  await Promise.all(Array.from({ length: atOnce }, one))
}
