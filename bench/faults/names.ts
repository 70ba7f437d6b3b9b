/**
 * Calls eight upstreams whose names no DNS server resolves, all the time, beside two whose names are in /etc/hosts.
 * Measures the first call of each of the two: one during the first lookups of the eight, one later.
 *
 *   bin/node bench/faults/names.ts [--threads 32]
 *
 * `--threads`: size of libuv's pool (UV_THREADPOOL_SIZE); `getaddrinfo` gets half of it. With 4, libuv's default, the
 * first of the two may have to wait, and only the later one has a bound.
 *
 * Takes some 20 s. It runs itself again in its own mount and network namespaces, with a name server that never answers,
 * and so needs root on Linux. Exit code 1 if a call takes longer than a second.
 */
import { spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Client } from '../kit/client.ts'
import { freePort, listening, start, stop } from '../kit/processes.ts'
import { onStage, tidyOnSignals } from '../kit/stage.ts'

const { values: args } = parseArgs({ options: { threads: { type: 'string', default: '32' } } })
const boundMs = 1000
const silent = Array.from({ length: 8 }, (_, i) => `silent-${i}.example.test`)
const listed = ['listed-1.example.test', 'listed-2.example.test']
/** Time that glibc waits for the server, for both addresses of a name together. */
const serverTimeoutS = 3
tidyOnSignals()

if (process.env['HEDGEROW_NAMES_INSIDE'] === undefined) await runInside()
else await run()

/** Runs this program again, with a name server and hosts that no other process sees. */
function runInside(): Promise<void> {
  return onStage(async (stage) => {
    const resolv = stage.file('resolv.conf', `nameserver 127.0.0.1\noptions timeout:${serverTimeoutS} attempts:1\n`)
    const hosts = stage.file('hosts', `127.0.0.1 localhost ${listed.join(' ')}\n`)
    const prepared = `ip link set lo up && mount --bind ${resolv} /etc/resolv.conf && mount --bind ${hosts} /etc/hosts`
    const command = `${prepared} && exec ${process.execPath} ${process.argv.slice(1).join(' ')}`
    const env = { ...process.env, HEDGEROW_NAMES_INSIDE: '1' }
    const { status } = spawnSync('unshare', ['--mount', '--net', 'sh', '-c', command], { env, stdio: 'inherit' })
    process.exitCode = status ?? 1
  })
}

function run(): Promise<void> {
  return onStage(async (stage) => {
    const server = createSocket('udp4').bind(53, '127.0.0.1')
    const target = createServer((_message, response) => response.end('well'))
    await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve))
    const { port: targetPort } = target.address() as AddressInfo
    const names = [...silent, ...listed]
    const port = await freePort()
    const config = stage.file(
      'gateway.yaml',
      JSON.stringify({
        listen: { port },
        upstreams: Object.fromEntries(names.map((name, i) => [`u${i}`, { targets: [`http://${name}:${targetPort}`] }])),
        routes: names.map((name, i) => ({ match: `/${name}`, deadline: '15s', forward: { upstream: `u${i}` } })),
      }),
    )
    const hedgerow = `${import.meta.dirname}/../../bin/hedgerow`
    const gateway = start(hedgerow, ['serve', config], { env: { UV_THREADPOOL_SIZE: args.threads } })
    await listening(port)
    const over = new AbortController()
    const asking = silent.map((name) => askOn(port, name, over.signal))
    await sleep(100)
    const first = await callMs(port, listed[0] as string)
    // Wait until each of the eight has failed once.
    await sleep(1000 * serverTimeoutS * Math.ceil(silent.length / Math.max(1, Math.floor(Number(args.threads) / 2))))
    const later = await callMs(port, listed[1] as string)
    over.abort()
    await stop(gateway)
    await Promise.all(asking)
    target.close()
    server.close()
    console.log(`${args.threads} threads, ${silent.length} names without an answer for ${serverTimeoutS} s each`)
    console.log(`a name in /etc/hosts: ${first.toFixed(0)} ms while they are asked for the first time`)
    console.log(`another one: ${later.toFixed(0)} ms once all of them have failed`)
    const bounded = Number(args.threads) > 2 * silent.length ? [first, later] : [later]
    process.exitCode = bounded.every((ms) => ms <= boundMs) ? 0 : 1
  })
}

/** Calls it repeatedly, like clients that do not know that it is gone. */
async function askOn(port: number, name: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const client = await Client.connected(port).catch(() => undefined)
    await client?.ask(`/${name}`)
    client?.close()
    await sleep(50)
  }
}

async function callMs(port: number, name: string): Promise<number> {
  const client = await Client.connected(port)
  const { status, ms } = await client.ask(`/${name}`)
  client.close()
  return status === 200 ? ms : Number.POSITIVE_INFINITY
}
