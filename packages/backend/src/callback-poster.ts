import { Agent, type ClientRequest, request } from 'node:http'
import type { CallbackOrder } from './callback-order.ts'
import type { Clock, Timer } from './clock.ts'
import type { CallbackStats } from './stats.ts'

export interface CallbackWork {
  readonly order: CallbackOrder
  readonly repeatEveryMs: number
  readonly contentType: string
  /** Called once, when the result is due; repeated posts send the same body. */
  readonly makeBody: () => string
}

/** Posts results, each repeatedly until a 2xx acknowledges it. */
export class CallbackPoster {
  readonly #clock: Clock
  readonly #pending = new Set<PendingCallback>()
  /** As many connections as a busy gateway still accepts at once; other posts wait for a free one. */
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 128, maxFreeSockets: 128, maxTotalSockets: 256 })
  #posted = 0
  #acknowledged = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  stats(): CallbackStats {
    return { pending: this.#pending.size, posted: this.#posted, acknowledged: this.#acknowledged }
  }

  add(work: CallbackWork): void {
    const pending = new PendingCallback(work, this.#clock, this.#agent, {
      posted: () => {
        this.#posted++
      },
      acknowledged: () => {
        this.#acknowledged++
        this.#pending.delete(pending)
      },
    })
    this.#pending.add(pending)
    pending.start()
  }

  close(): void {
    for (const pending of this.#pending) pending.stop()
    this.#pending.clear()
    this.#agent.destroy()
  }
}

interface Listener {
  posted(): void
  acknowledged(): void
}

/** Waits for its delay; then posts on every tick of its timer, until a post is acknowledged or it is stopped. */
class PendingCallback {
  readonly #work: CallbackWork
  readonly #clock: Clock
  readonly #agent: Agent
  readonly #listener: Listener
  #timer: Timer | undefined
  #request: ClientRequest | undefined
  #body: string | undefined

  constructor(work: CallbackWork, clock: Clock, agent: Agent, listener: Listener) {
    this.#work = work
    this.#clock = clock
    this.#agent = agent
    this.#listener = listener
  }

  start(): void {
    const { delayMs } = this.#work.order
    if (delayMs > 0) this.#timer = this.#clock.after(delayMs, () => this.#beat())
    else this.#beat()
  }

  stop(): void {
    this.#timer?.cancel()
    const abandoned = this.#request
    this.#request = undefined
    abandoned?.destroy()
  }

  #beat(): void {
    // An unanswered post is cancelled, so that a silent receiver holds one connection, not one per tick.
    this.stop()
    this.#timer = this.#clock.after(this.#work.repeatEveryMs, () => this.#beat())
    this.#post()
  }

  #post(): void {
    this.#body ??= this.#work.makeBody()
    const { url, correlationId } = this.#work.order
    const headers: Record<string, string | number> = {
      'content-type': this.#work.contentType,
      'content-length': Buffer.byteLength(this.#body),
    }
    if (correlationId !== undefined) headers['x-correlation-id'] = correlationId
    const posted = request(url, { method: 'POST', agent: this.#agent, headers })
    this.#request = posted
    this.#listener.posted()
    posted.on('response', (response) => {
      response.resume()
      const status = response.statusCode ?? 0
      if (this.#request !== posted || status < 200 || status > 299) return
      this.#request = undefined
      this.#timer?.cancel()
      this.#listener.acknowledged()
    })
    posted.on('error', () => {
      if (this.#request !== posted) return
      this.#request = undefined
      // The receiver closed an idle connection just as it was reused: the next connection may well work.
      if (posted.reusedSocket) this.#post()
    })
    posted.end(this.#body)
  }
}
