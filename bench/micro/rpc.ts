/**
 * The cost of a question to another thread: CPU of the whole process per question with its answer, one at a time and 64
 * concurrent, with a body of 200 bytes that is transferred along.
 *
 *   bin/node bench/micro/channel.ts
 */
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { RpcChannel } from '../../src/kit/rpc.ts'

interface Echo {
  echo(body: Uint8Array): number
}

const questions = 100_000
const reportBug = (fault: unknown): void => console.error(fault)

if (isMainThread) {
  const worker = new Worker(import.meta.filename)
  const channel = new RpcChannel<object, Echo>(worker, {}, reportBug)
  for (const atOnce of [1, 64]) {
    await ask(channel, atOnce, questions / 10)
    const before = process.cpuUsage()
    const startedMs = performance.now()
    await ask(channel, atOnce, questions)
    const { user, system } = process.cpuUsage(before)
    const perSecond = (questions / (performance.now() - startedMs)) * 1000
    const cpu = ((user + system) / questions).toFixed(1)
    console.log(`${String(atOnce).padStart(3)} at once: ${cpu} us CPU a question, ${Math.round(perSecond)}/s`)
  }
  await worker.terminate()
} else if (parentPort !== null) {
  void new RpcChannel<Echo, object>(parentPort, { echo: (body) => body.length }, reportBug)
}

async function ask(channel: RpcChannel<object, Echo>, atOnce: number, count: number): Promise<void> {
  let left = count
  const one = async (): Promise<void> => {
    while (left-- > 0) {
      const body = new Uint8Array(200)
      await channel.call('echo', [body], [body.buffer])
    }
  }
  await Promise.all(Array.from({ length: atOnce }, one))
}
