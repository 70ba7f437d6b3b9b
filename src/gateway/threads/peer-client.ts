import type { MessagePort, Transferable } from 'node:worker_threads'
import type { CallbackPeers, CallbackReceiver, Taken, VerifiedCallback } from '../../callback/take-callback.ts'
import { failure } from '../../core/failure.ts'
import { ChannelClosed, expose, type Remote, RpcChannel, remote } from '../../kit/rpc.ts'

export interface PeerClientOptions {
  /** Has the main thread `join` this worker and the one of that run; false if no such worker exists. */
  readonly connect: (run: number) => Promise<boolean>
  /** Takes the callbacks of this worker's calls. */
  readonly receiver: () => CallbackReceiver | undefined
  readonly reportBug: (error: unknown, about: string) => void
}

/** A receiver's methods, for callbacks whose bodies can be transferred. */
interface PeerMethods {
  take(callback: PassedCallback): Promise<Taken>
}

type PassedCallback = VerifiedCallback & { readonly body: Uint8Array<ArrayBuffer> | undefined }

/** Less is cloned faster than transferred. */
const transferBytes = 16 * 1024

function movedBody({ body }: PassedCallback): Transferable[] {
  return body === undefined || body.byteLength < transferBytes ? [] : [body.buffer]
}

/** The other workers, each reached by a port of its own: the main thread only makes it, on first use. */
export class PeerClient implements CallbackPeers {
  readonly #options: PeerClientOptions
  /** By run. */
  readonly #peers = new Map<number, Remote<PeerMethods>>()
  readonly #connecting = new Map<number, Promise<boolean>>()

  constructor(options: PeerClientOptions) {
    this.#options = options
  }

  async pass(run: number, callback: VerifiedCallback): Promise<Taken | undefined> {
    if (!this.#peers.has(run) && !(await this.#connect(run))) return undefined
    const { body } = callback
    try {
      // Bytes of their own: the caller keeps its own, and those of a pool would be sent with the whole pool.
      return (await this.#peers.get(run)?.take({ ...callback, body: body && new Uint8Array(body) })) ?? lost
    } catch (error) {
      if (error instanceof ChannelClosed) return lost
      throw error
    }
  }

  /** Called at both workers of a new port. */
  join(run: number, port: MessagePort): void {
    const { receiver, reportBug } = this.#options
    const channel = new RpcChannel(port, reportBug)
    const own = receiver()
    if (own !== undefined) expose<CallbackReceiver>(channel, 'callbacks', own)
    const peer = remote<PeerMethods>(channel, 'callbacks', { take: movedBody })
    this.#peers.set(run, peer)
    port.on('close', () => {
      // Both workers may have asked for a port at once; the later one stays.
      if (this.#peers.get(run) === peer) this.#peers.delete(run)
    })
  }

  #connect(run: number): Promise<boolean> {
    const connecting =
      this.#connecting.get(run) ?? this.#options.connect(run).finally(() => this.#connecting.delete(run))
    this.#connecting.set(run, connecting)
    return connecting
  }
}

/** The worker has died, and may have answered its client before: the poster may send the callback again. */
const lost: Taken = {
  ok: false,
  verdict: 'refused',
  failure: failure('WORKER_LOST', 'The worker that this was passed to has ended: send it again'),
}
