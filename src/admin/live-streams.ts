import type { ServerResponse } from 'node:http'
import type { Clock, Timer } from '../kit/clock.ts'
import type { Figures, SecondFigures } from '../telemetry/figures/figures.ts'
import { type Answer, refusal, type StreamedAnswer } from './answer.ts'

/** Browsers open at most six connections to one HTTP/1.1 server; this is several people with several tabs. */
export const maxStreams = 32
/**
 * What a reader may leave unread here, beyond what the kernel holds for it: ten seconds of the largest gateway, as a second
 * of 200 routes and targets (`maxListed`) takes 50 KB.
 */
export const maxUnreadBytes = 512 * 1024
/** Proxies close what is silent for longer than 30 to 60 s. */
const heartbeatMs = 15_000

/**
 * `/api/live`: the figures of each second as server-sent events. They are put together once for all readers, and not at
 * all while there is none. A reader that does not keep up is cut off, so that it holds no memory; it can come back.
 */
export class LiveStreams {
  readonly #figures: Figures
  readonly #clock: Clock
  readonly #open = new Set<ServerResponse>()
  #stopListening: (() => void) | undefined
  #heartbeat: Timer | undefined
  #isClosed = false

  constructor(figures: Figures, clock: Clock) {
    this.#figures = figures
    this.#clock = clock
  }

  get count(): number {
    return this.#open.size
  }

  answer(): Answer | StreamedAnswer {
    if (this.#isClosed) return refusal(503, 'The gateway is shutting down: there are no more live figures')
    if (this.#open.size >= maxStreams) {
      const detail = `${maxStreams} readers have the live figures already, which is the limit`
      return refusal(503, detail, { 'retry-after': '10' })
    }
    return { stream: (response, headers) => this.#start(response, headers) }
  }

  /** Ends all of them; there will be no others. */
  close(): void {
    this.#isClosed = true
    for (const response of this.#open) response.end('event: end\ndata: {}\n\n')
    this.#open.clear()
    this.#pause()
  }

  #start(response: ServerResponse, headers: Readonly<Record<string, string>>): void {
    // For nginx, which would gather several seconds first.
    response.writeHead(200, { ...headers, 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' })
    response.write(`retry: 2000\n\n${eventOf(this.#figures.latest())}`)
    this.#open.add(response)
    response.on('close', () => this.#left(response))
    if (this.#stopListening !== undefined) return
    this.#stopListening = this.#figures.onSecond((figures) => this.#tell(eventOf(figures)))
    this.#beat()
  }

  #tell(text: string): void {
    for (const response of this.#open) {
      if (response.writableLength > maxUnreadBytes) response.destroy()
      else response.write(text)
    }
  }

  /** Also tells a reader whose figures have stopped from one that is there no more. */
  #beat(): void {
    this.#heartbeat = this.#clock.after(heartbeatMs, () => {
      this.#tell(': still here\n\n')
      this.#beat()
    })
  }

  #left(response: ServerResponse): void {
    this.#open.delete(response)
    if (this.#open.size === 0) this.#pause()
  }

  #pause(): void {
    this.#stopListening?.()
    this.#stopListening = undefined
    this.#heartbeat?.cancel()
  }
}

function eventOf(figures: SecondFigures): string {
  return `event: figures\ndata: ${JSON.stringify(figures)}\n\n`
}
