/**
 * The cost of a question to another thread: CPU of the whole process per question with its answer, one at a time and 64
 * concurrent, with a body of 200 bytes that is transferred along.
 *
 *   bin/node bench/micro/rpc.ts
 */
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { expose, type Remote, RpcChannel, remote } from '../../src/kit/rpc.ts'

interface Echo {
  echo(body: Uint8Array<ArrayBuffer>): number
}

const questions = 100_000
const reportBug = (error: unknown): void => console.error(error)

if (isMainThread) {
  const worker = new Worker(import.meta.filename)
  const there = remote<Echo>(new RpcChannel(worker, reportBug), 'echo', { echo: ({ buffer }) => [buffer] })
  for (const atOnce of [1, 64]) {
    await ask(there, atOnce, questions / 10)
    const before = process.cpuUsage()
    const startedMs = performance.now()
    await ask(there, atOnce, questions)
    const { user, system } = process.cpuUsage(before)
    const perSecond = (questions / (performance.now() - startedMs)) * 1000
    const cpu = ((user + system) / questions).toFixed(1)
    console.log(`${String(atOnce).padStart(3)} at once: ${cpu} us CPU a question, ${Math.round(perSecond)}/s`)
  }
  await worker.terminate()
} else if (parentPort !== null) {
  expose<Echo>(new RpcChannel(parentPort, reportBug), 'echo', { echo: (body) => body.length })
}

async function ask(there: Remote<Echo>, atOnce: number, count: number): Promise<void> {
  let left = count
  const one = async (): Promise<void> => {
    while (left-- > 0) {
      await there.echo(new Uint8Array(200))
    }
  }
  await Promise.all(Array.from({ length: atOnce }, one))
}
