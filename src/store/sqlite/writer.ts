import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Failure, failure } from '../../core/failure.ts'
import { failed } from '../../core/outcome.ts'
import type { Result } from '../../core/result.ts'
import type { Clock, Timer } from '../../kit/clock.ts'
import { countOf } from '../../kit/count-of.ts'
import type { LogText } from '../../kit/log-text.ts'
import { retryAfterMs } from '../limits.ts'
import { BytesWriter } from './bytes.ts'
import type { ExchangeName, Exchanges, Reply } from './exchanges.ts'
import type { Ledger } from './ledger.ts'
import { recover } from './recovery.ts'
import { insertRow, type UpdateRow, updateRow } from './rows.ts'
import type { StoreFault } from './store-fault.ts'
import { type StartThread, StoreThread } from './thread.ts'
import type { Batch, Operation } from './waiting.ts'

export interface WriterOptions {
  readonly path: string
  readonly storeId: string
  readonly ledger: Ledger
  readonly thread: StoreThread
  /** Why the thread does not have the database open; undefined if it does. */
  readonly storeFault: StoreFault | undefined
  /** Why there is no room for new writes; undefined if there is. */
  readonly full: string | undefined
  readonly startThread: StartThread
  readonly clock: Clock
  readonly log: LogText
}

interface Trouble {
  readonly failure: Failure
  readonly text: string
  readonly mayTryAtMs: number
}

/** Retry interval of a failed store. */
const retryMs = 1000

/** A change retries sooner, but not each of thousands per second: opening a store or starting a thread is costly. */
const minRetryGapMs = 100

/**
 * Writes the ledger's changes, one batch at a time, and keeps the store open.
 *
 * The writer is idle or at work. At work it takes all waiting calls as one batch, and repeats that while new calls have
 * arrived in the meantime. Independently of that, it serves or is in trouble. In trouble it refuses calls immediately
 * until the next try is due: at a timer, or at the first change after a short gap. A try is an ordinary batch; if the
 * thread has closed the database, it starts by reopening it. The calls of a failed batch are refused, except for
 * updates, which the ledger keeps for the next batch. A successful batch ends the trouble.
 *
 * On a full disk it still serves, except for inserts: acknowledgements and removals go through, because the thread
 * keeps room for them, and each may free room. Inserts are retried after the short gap here too. The log reports
 * recovered room at most once a second, because near the limit a small write may fit and the next one may not.
 */
export class Writer {
  readonly #options: WriterOptions
  #thread: StoreThread
  #isOpen: boolean
  #working: Promise<void> | undefined
  #trouble: Trouble | undefined
  /** A full disk, which blocks only inserts. */
  #full: Trouble | undefined
  #retry: Timer | undefined
  #mustTry = false
  #ending = false

  constructor(options: WriterOptions) {
    this.#options = options
    this.#thread = options.thread
    this.#isOpen = options.storeFault === undefined
    if (options.storeFault !== undefined) this.#failed(options.storeFault)
    if (options.full !== undefined) this.#isFull(options.full)
  }

  /** Why calls are refused at the moment; undefined while it serves, or if a try is due. */
  get refusal(): Failure | undefined {
    return this.#current(this.#trouble)
  }

  /** Why inserts are refused at the moment. */
  get insertRefusal(): Failure | undefined {
    return this.refusal ?? this.#current(this.#full)
  }

  /** Call when the ledger has new work. */
  wake(): void {
    this.#working ??= this.#work()
  }

  /** For operations, during their turn. */
  async ask<Name extends ExchangeName>(
    name: Name,
    request: Exchanges[Name]['request'],
  ): Promise<Result<Exchanges[Name]['reply']>> {
    const reply: Reply<Name> = await this.#thread.ask(name, request)
    if (reply.ok) return reply
    return failed(
      reply.storeFault.kind === 'full' ? this.#isFull(reply.storeFault.text) : this.#failed(reply.storeFault),
    )
  }

  /** Call when the thread has ended unexpectedly. */
  threadEnded(thread: StoreThread): void {
    if (thread !== this.#thread || this.#ending) return
    // While at work, the open request reports it.
    if (this.#working === undefined) this.#failed({ kind: 'unavailable', text: "The store's thread ended." })
  }

  async end(): Promise<void> {
    // A last try for kept updates, and for deliveries in a file whose loss nobody has noticed yet.
    this.#mustTry = true
    this.wake()
    await this.#working
    this.#ending = true
    this.#retry?.cancel()
    const lost = this.#options.ledger.waiting.updated.length
    if (lost > 0) {
      this.#options.log(
        `The store was closed without the last state of ${lost} deliveries: they may be sent again.`,
        'warn',
      )
    }
    await this.#thread.ask('close', null)
    await this.#thread.end()
  }

  async #work(): Promise<void> {
    const { waiting } = this.#options.ledger
    while (waiting.isNew || this.#mustTry) {
      // Calls made in the same turn of the event loop join the batch.
      await nextTurn()
      if (this.#mustTry) await this.#verify()
      this.#mustTry = false
      const openFault = this.#isOpen ? undefined : await this.#reopen()
      const batch = waiting.take()
      const storeFault = openFault ?? (await this.#write(batch))
      if (storeFault === undefined) this.#succeeded(batch)
      else this.#refuse(batch, this.#failed(storeFault))
      for (const operation of batch.operations) await this.#operate(operation)
    }
    this.#working = undefined
  }

  /** Needed even with nothing unfinished: an older file that was put back may contain refused writes. */
  async #verify(): Promise<void> {
    if (!this.#isOpen) return
    const reply = await this.#thread.ask('verify', null)
    if (!reply.ok) this.#failed(reply.storeFault)
    else if (reply.value.full !== undefined) this.#isFull(reply.value.full)
    else this.#hasRoom()
  }

  async #write(batch: Batch): Promise<StoreFault | undefined> {
    const { ledger } = this.#options
    if (batch.inserts.length === 0 && batch.updates.size === 0) return undefined
    const bytes = new BytesWriter()
    const updates: UpdateRow[] = []
    const revisions: UpdateRow[] = []
    for (const [sequence, { update }] of batch.updates) {
      const row = updateRow(sequence, update.legs, update.finishedAt, update.answer, bytes)
      if (ledger.held.has(sequence)) updates.push(row)
      else revisions.push(row)
    }
    const inserts = batch.inserts.map(({ sequence, delivery }) => insertRow(sequence, delivery, bytes))
    const request = { updates, revisions, inserts, bytes: bytes.take() }
    const reply = await this.#thread.ask('write', request, request.bytes)
    if (!reply.ok) return reply.storeFault
    const { full } = reply.value
    if (full === undefined) ledger.written(batch, reply.value)
    else {
      ledger.written({ ...batch, inserts: [] }, reply.value)
      this.#refuse({ ...batch, updates: new Map() }, this.#isFull(full))
    }
    return undefined
  }

  #refuse(batch: Batch, refusal: Failure): void {
    this.#options.ledger.refused(batch)
    for (const { resolve } of batch.inserts) resolve({ kind: 'refused', failure: refusal })
    for (const { callers } of batch.updates.values()) for (const tell of callers) tell(failed(refusal))
  }

  async #operate(operation: Operation): Promise<void> {
    if (!this.#isOpen && this.#trouble !== undefined) operation.refuse(this.#trouble.failure)
    else await operation.run()
  }

  async #reopen(): Promise<StoreFault | undefined> {
    const { path, storeId, ledger, startThread, log } = this.#options
    if (this.#thread.hasEnded) {
      const thread: StoreThread = new StoreThread(startThread, () => this.threadEnded(thread))
      this.#thread = thread
    }
    const { held, waiting, lastSequence } = ledger
    const recovered = await recover(this.#thread, { path, storeId, held, updated: waiting.updated, lastSequence })
    if (!recovered.ok) return recovered.storeFault
    this.#isOpen = true
    ledger.recovered(recovered.value)
    const { restored } = recovered.value
    if (restored > 0)
      log(
        `The store ${path} had lost ${countOf(restored, 'unfinished delivery', 'unfinished deliveries')}; they have been written to it again. Its dead letters and its answers for idempotency keys are lost.`,
        'warn',
      )
    return undefined
  }

  #succeeded({ inserts, updates }: Batch): void {
    if (this.#trouble === undefined) return
    // Only a write shows whether a full disk has room again.
    if (this.#trouble.failure.code === 'STORE_FULL' && inserts.length + updates.size === 0) return
    this.#trouble = undefined
    this.#recovered()
  }

  #hasRoom(): void {
    if (this.#full === undefined) return
    this.#full = undefined
    this.#recovered()
  }

  #recovered(): void {
    if (this.#trouble !== undefined || this.#full !== undefined) return
    this.#retry?.cancel()
    this.#options.log(`The store ${this.#options.path} works again.`)
  }

  #failed({ kind, text }: StoreFault): Failure {
    if (kind === 'unavailable') this.#isOpen = false
    if (this.#trouble?.text !== text) this.#options.log(`${text} Writes are refused until it works again.`, 'warn')
    this.#trouble = this.#troubleOf(kind === 'full' ? fullFailure(text) : unavailableFailure(text), text)
    return this.#trouble.failure
  }

  #isFull(text: string): Failure {
    if (this.#full === undefined)
      this.#options.log(`${text} New writes are refused until then; stored writes are still delivered.`, 'warn')
    this.#full = this.#troubleOf(fullFailure(text), text)
    return this.#full.failure
  }

  /** Schedules the next try. */
  #troubleOf(reason: Failure, text: string): Trouble {
    const { clock } = this.#options
    this.#retry?.cancel()
    if (!this.#ending) {
      this.#retry = clock.after(retryMs, () => {
        this.#mustTry = true
        this.wake()
      })
    }
    return { failure: reason, text, mayTryAtMs: clock.now() + minRetryGapMs }
  }

  #current(trouble: Trouble | undefined): Failure | undefined {
    return trouble !== undefined && this.#options.clock.now() < trouble.mayTryAtMs ? trouble.failure : undefined
  }
}

function fullFailure(text: string): Failure {
  return failure('STORE_FULL', 'The disk of the store is full.', { retryAfterMs, cause: text })
}

function unavailableFailure(text: string): Failure {
  const detail = 'The store cannot write at present. It retries by itself.'
  return failure('STORE_UNAVAILABLE', detail, { retryAfterMs, cause: text })
}
