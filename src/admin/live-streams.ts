import type { ServerResponse } from 'node:http'
import type { Clock, Timer } from '../kit/clock.ts'
import type { Figures } from '../telemetry/figures/figures.ts'
import type { SecondFigures } from '../telemetry/figures/figures-schema.ts'
import { type Answer, refusal, type StreamedAnswer } from './answer.ts'
import type { Resource } from './resource.ts'

/** Browsers open at most six connections to one HTTP/1.1 server, so this allows several people with several tabs. */
export const maxStreams = 32
/**
 * Unread bytes per reader, in addition to the kernel's buffer: ten seconds of the largest gateway. One second of 200
 * routes and targets (`maxListed`) takes 50 KB.
 */
export const maxUnreadBytes = 512 * 1024
/** Proxies close a connection after 30 to 60 s of silence. */
const heartbeatMs = 15_000

/**
 * `/api/live`: the figures of each second as server-sent events. They are serialized once for all readers, and not at
 * all without readers. A reader that falls behind is disconnected to bound memory; it can reconnect.
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
    if (this.#isClosed) return refusal(503, 'The gateway is shutting down and sends no more live figures')
    if (this.#open.size >= maxStreams) {
      const detail = `The live figures already have ${maxStreams} readers, which is the limit`
      return refusal(503, detail, { 'retry-after': '10' })
    }
    return { stream: (response, headers) => this.#start(response, headers) }
  }

  /** Ends all streams and refuses new ones. */
  close(): void {
    this.#isClosed = true
    for (const response of this.#open) response.end('event: end\ndata: {}\n\n')
    this.#open.clear()
    this.#pause()
  }

  #start(response: ServerResponse, headers: Readonly<Record<string, string>>): void {
    // Otherwise nginx would buffer several seconds.
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

  /** Also lets a reader tell stalled figures from a dead server. */
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

export function liveResource(streams: LiveStreams): Resource {
  return { path: '/api/live', methods: { GET: () => streams.answer() } }
}
