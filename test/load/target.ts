import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { TestContext } from 'node:test'
import type { PaceOptions } from '@hedgerow/load/pace'
import { type LoadAmount, type LoadSetup, loadRun } from '@hedgerow/load/setup'
import { parseStatusSet } from '@hedgerow/load/status-set'
import { type Summary, summaryOf } from '@hedgerow/load/summary'
import { parseTarget } from '@hedgerow/load/target'
import { systemClock } from '../../src/kit/clock.ts'
import { seededRandom } from '../../src/kit/random.ts'
import { atEnd } from '../kit/cleanup.ts'

export interface LoadTarget {
  readonly url: string
  readonly server: Server
  /** Requests received. */
  readonly seen: () => number
  readonly openSockets: () => number
  /** Ends abruptly, like a killed process. */
  die(): void
}

/** `onRequest` also gets the number of the request, from 1. */
export async function startTarget(
  t: TestContext,
  onRequest: (number: number, ...args: Parameters<RequestListener>) => void,
): Promise<LoadTarget> {
  let seen = 0
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => onRequest(++seen, request, response))
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const die = (): void => {
    server.close()
    for (const socket of sockets) socket.resetAndDestroy()
  }
  atEnd(t, die)
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, server, seen: () => seen, openSockets: () => sockets.size, die }
}

/** A complete run over real sockets. */
export async function loadOf(
  url: string,
  pace: PaceOptions,
  rest: Partial<Omit<LoadAmount, 'pace'>> & Partial<LoadSetup>,
): Promise<Summary> {
  const setup: LoadSetup = {
    target: parseTarget(url),
    method: 'GET',
    headers: [],
    body: undefined,
    isGood: parseStatusSet('2xx'),
    lateness: undefined,
    timeoutMs: 5000,
    goneAfterMs: 1000,
    isInsecure: false,
    ...rest,
  }
  const run = loadRun(setup, { ...rest, pace }, { clock: systemClock(), random: seededRandom(1) })
  const end = await run.start()
  return summaryOf(run, { url, method: setup.method, pace, end, testerBusy: 0 })
}

/** Checks that each request is counted exactly once. */
export function addsUp({ counts }: Summary): boolean {
  const { sent, completed, late, badStatus, errors, timedOut, abandoned, inFlight } = counts
  return inFlight === 0 && sent === completed + late + badStatus + errors + timedOut + abandoned
}
