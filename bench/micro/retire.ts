import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { succeeded } from '../../src/core/outcome.ts'
import { ownResponse } from '../../src/core/response.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { EventBus } from '../../src/kit/event-bus.ts'
import { listen } from '../../src/transport/server/listener.ts'
import { TrustedProxies } from '../../src/transport/server/proxies.ts'

/**
 * Calls that clients lose when one of two fronts on a shared port retires, again and again: every request opens a new
 * connection. `node bench/micro/retire.ts [gentle|plain] [seconds] [clients]`; `plain` closes the front's server as
 * Node does.
 */
type Role =
  | { readonly role: 'stays' | 'client'; readonly port: number }
  | { readonly role: 'goes'; readonly port: number }

const [how = 'gentle', seconds = '20', clients = '8'] = process.argv.slice(2)

function open(port: number) {
  const handler = {
    facts: { name: 'any', strategy: 'bench', idleTimeoutMs: 30_000 },
    service: async () => succeeded(ownResponse(200, [], Buffer.from('ok'))),
    failures: { mappings: {}, listAttempts: true },
    explain: false,
    upgrades: false,
    servesWhileDraining: false,
  }
  const limits = { maxConnections: 10_000, maxHeaderBytes: 16_384, maxHeaderCount: 100, headerTimeoutMs: 10_000 }
  return listen({
    listen: { ...limits, requestTimeoutMs: 60_000, keepAliveMs: 5000, host: '127.0.0.1', port, reusePort: true },
    resolve: () => ({ found: true, handler, params: {} }),
    proxies: new TrustedProxies([]),
    clock: systemClock(),
    events: new EventBus(),
    newId: () => 'id',
    reportBug: (error) => console.error(error),
  })
}

async function stay(port: number): Promise<void> {
  const front = await open(port)
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port, no window
  parentPort?.postMessage(front.address.port)
}

async function go(port: number, plain: boolean): Promise<void> {
  const closing: number[] = []
  for (let retired = 0; ; retired++) {
    const front = await open(port)
    await sleep(100)
    const startedMs = performance.now()
    // Like every shutdown, whatever the queue holds.
    if (plain) await front.drain()
    else await Promise.race([front.retire(), sleep(2000)])
    closing.push(performance.now() - startedMs)
    await front.close()
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port, no window
    parentPort?.postMessage([retired + 1, Math.max(...closing)])
  }
}

async function ask(port: number): Promise<void> {
  const counts = { good: 0, lost: 0 }
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port, no window
  parentPort?.on('message', () => parentPort?.postMessage(counts))
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'))
    let text = ''
    socket.on('data', (chunk) => {
      text += String(chunk)
    })
    socket.on('error', () => {})
    await once(socket, 'close').catch(() => {})
    if (text.endsWith('ok')) counts.good++
    else counts.lost++
  }
}

const start = (data: object): Worker =>
  new Worker(new URL(import.meta.url), { workerData: data, argv: process.argv.slice(2) })

async function main(): Promise<void> {
  const first = start({ role: 'stays', port: 0 })
  const [port] = (await once(first, 'message')) as [number]
  const going = start({ role: 'goes', port })
  let retired = 0
  let longestMs = 0
  going.on('message', ([count, ms]: readonly [number, number]) => {
    retired = count
    longestMs = ms
  })
  const asking = Array.from({ length: Number(clients) }, () => start({ role: 'client', port }))
  await sleep(Number(seconds) * 1000)
  let good = 0
  let lost = 0
  for (const one of asking) {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port, no window
    one.postMessage('tell')
    const [counts] = (await once(one, 'message')) as [{ good: number; lost: number }]
    good += counts.good
    lost += counts.lost
  }
  console.log(
    `${how}: ${retired} times retired, ${good} answered, ${lost} lost (${(lost / retired).toFixed(3)} each time); the longest took ${longestMs.toFixed(1)} ms`,
  )
  process.exit()
}

if (isMainThread) await main()
else {
  const { role, port } = workerData as Role
  if (role === 'stays') await stay(port)
  else if (role === 'goes') await go(port, how === 'plain')
  else await ask(port)
}
