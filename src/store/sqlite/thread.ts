import { Worker } from 'node:worker_threads'
import type { ExchangeName, Exchanges, Reply } from './exchanges.ts'
import type { Question } from './worker.ts'

export type StartThread = () => Worker

/** From the source as well as from what it was compiled to. */
export const startStoreThread: StartThread = () => {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  return new Worker(new URL(`./worker.${extension}`, import.meta.url), { name: 'hedgerow-store' })
}

/** Asks a thread one question at a time. A thread that has ended answers with a fault, whenever that was. */
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

  /** `bytes` moves to the thread, and is empty here from then on. */
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

  #lost(): { readonly ok: false; readonly fault: { readonly kind: 'unavailable'; readonly text: string } } {
    return { ok: false, fault: { kind: 'unavailable', text: this.#end ?? '' } }
  }
}
