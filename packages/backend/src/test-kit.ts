import assert from 'node:assert/strict'
import { type Agent, type IncomingHttpHeaders, request } from 'node:http'
import type { TestContext } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { systemClock } from '../../../src/kit/clock.ts'
import { type BackendSetup, startBackend } from '../../../test/kit/backend.ts'
import type { Clock, Timer } from './clock.ts'
import type { Backend } from './server.ts'

/** Starts a backend on a free port, and closes it at the end of the test; fails if anything is left of it then. */
export async function openBackend(
  t: TestContext,
  options: Omit<BackendSetup, 'port'> & { readonly port?: number },
): Promise<Backend> {
  const backend = await startBackend({ port: 0, ...options })
  t.after(async () => {
    await backend.close()
    const { inFlight, connections, callbacks } = backend.stats()
    assert.deepEqual({ inFlight, connections, pending: callbacks.pending }, { inFlight: 0, connections: 0, pending: 0 })
  })
  return backend
}

export interface Asked {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface AskOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal?: AbortSignal
  /** Default: a new connection. */
  readonly agent?: Agent
  readonly onHead?: () => void
  readonly onData?: (chunk: string) => void
}

export function ask(url: string, options: AskOptions = {}): Promise<Asked> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, signal, agent = false } = options
    const asked = request(url, { method, headers, agent, ...(signal === undefined ? {} : { signal }) })
    asked.on('error', reject)
    asked.on('response', (response) => {
      options.onHead?.()
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        body += chunk
        options.onData?.(chunk)
      })
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
    })
    asked.end(options.body)
  })
}

/** Waits until real sockets have caught up; fails after 5 s. */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  const clock = systemClock()
  const deadlineMs = clock.now() + 5000
  while (!isSo()) {
    assert.ok(clock.now() < deadlineMs, `waited in vain until ${what}`)
    await nextTurn()
  }
}

interface Due {
  readonly atMs: number
  readonly action: () => void
}

/** A clock that only moves when the test advances it. */
export class VirtualClock implements Clock {
  readonly #due = new Set<Due>()
  #nowMs = 1000

  /** Timers that have neither run nor been cancelled. */
  get pending(): number {
    return this.#due.size
  }

  now(): number {
    return this.#nowMs
  }

  wallNow(): number {
    return Date.UTC(2015, 9, 17, 19, 31, 37) + this.#nowMs
  }

  after(delayMs: number, action: () => void): Timer {
    const due = { atMs: this.#nowMs + delayMs, action }
    this.#due.add(due)
    return { cancel: () => this.#due.delete(due) }
  }

  advance(byMs: number): void {
    const endMs = this.#nowMs + byMs
    for (;;) {
      const next = [...this.#due].sort((a, b) => a.atMs - b.atMs).find((due) => due.atMs <= endMs)
      if (next === undefined) break
      this.#due.delete(next)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.action()
    }
    this.#nowMs = endMs
  }
}
