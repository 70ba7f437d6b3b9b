import { Agent, request } from 'node:http'
import { performance } from 'node:perf_hooks'

export interface OpenLoopOptions {
  readonly url: string
  readonly perSecond: number
  readonly seconds: number
  /** Called as results arrive. */
  readonly onProgress?: (sent: number, total: number) => void
}

export interface Sample {
  /** 0: the connection broke. */
  readonly status: number
  /** Measured from when the call was due, so that a late sender hides nothing. */
  readonly latencyMs: number
  /** Delay caused by the sender itself. */
  readonly lateMs: number
}

/** Sends calls at a fixed rate, whatever the state of earlier ones, and waits for all of them. */
export async function openLoop(options: OpenLoopOptions): Promise<readonly Sample[]> {
  const total = Math.round(options.perSecond * options.seconds)
  const agent = new Agent({ keepAlive: true, maxSockets: 4096 })
  const beginMs = performance.now()
  const calls: Promise<Sample>[] = []
  await new Promise<void>((resolve) => {
    const tick = (): void => {
      const dueCount = Math.min(total, Math.floor(((performance.now() - beginMs) / 1000) * options.perSecond) + 1)
      while (calls.length < dueCount) {
        const dueMs = beginMs + (calls.length / options.perSecond) * 1000
        calls.push(send(options.url, agent, dueMs))
      }
      options.onProgress?.(calls.length, total)
      if (calls.length < total) setTimeout(tick, 1)
      else resolve()
    }
    tick()
  })
  const samples = await Promise.all(calls)
  agent.destroy()
  return samples
}

function send(url: string, agent: Agent, dueMs: number): Promise<Sample> {
  const lateMs = performance.now() - dueMs
  return new Promise((resolve) => {
    const done = (status: number): void => resolve({ status, latencyMs: performance.now() - dueMs, lateMs })
    const sent = request(url, { agent }, (response) => {
      response.resume()
      response.on('end', () => done(response.statusCode ?? 0))
      response.on('error', () => done(0))
    })
    sent.on('error', () => done(0))
    sent.end()
  })
}
