import { Worker } from 'node:worker_threads'
import type { ExchangeName, Exchanges, Reply } from './exchanges.ts'
import type { Question } from './worker.ts'

export type StartThread = () => Worker

/** Works from the TypeScript source and from the compiled code. */
export const startStoreThread: StartThread = () => {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  return new Worker(new URL(`./worker.${extension}`, import.meta.url), { name: 'hedgerow-store' })
}

/** Sends requests to a thread, one at a time. If the thread has ended, at any time, the reply is a store fault. */
export class StoreThread {
  readonly #worker: Worker
  readonly #ended: Promise<void>
  #end: string | undefined
  #answer: ((reply: Reply<ExchangeName>) => void) | undefined

  constructor(start: StartThread, onEnd: () => void) {
    this.#worker = start()
    this.#worker.on('message', (reply: Reply<ExchangeName>) => this.#settle(reply))
    let cause = ''
    this.#worker.on('error', (error) => {
      cause = `: ${error instanceof Error ? error.message : String(error)}`
    })
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#end = `The store's thread ended${cause}.`
        this.#settle(this.#lost())
        resolve()
        onEnd()
      })
    })
  }

  get hasEnded(): boolean {
    return this.#end !== undefined
  }

  /** `bytes` is transferred to the thread, and is empty here afterwards. */
  ask<Name extends ExchangeName>(
    name: Name,
    request: Exchanges[Name]['request'],
    bytes?: Uint8Array<ArrayBuffer>,
  ): Promise<Reply<Name>> {
    if (this.hasEnded) return Promise.resolve(this.#lost())
    return new Promise((resolve) => {
      this.#answer = resolve
      this.#worker.postMessage([name, request] as Question, bytes === undefined ? [] : [bytes.buffer])
    })
  }

  async end(): Promise<void> {
    if (!this.hasEnded) await this.#worker.terminate()
    await this.#ended
  }

  #settle(reply: Reply<ExchangeName>): void {
    const answer = this.#answer
    this.#answer = undefined
    answer?.(reply)
  }

  #lost(): { readonly ok: false; readonly storeFault: { readonly kind: 'unavailable'; readonly text: string } } {
    return { ok: false, storeFault: { kind: 'unavailable', text: this.#end ?? '' } }
  }
}
