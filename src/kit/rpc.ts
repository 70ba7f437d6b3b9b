import type { Transferable } from 'node:worker_threads'
import { StartupError } from './startup-error.ts'

/** One end of a channel between threads: a `MessagePort`, a `Worker`, or (inside it) the worker's `parentPort`. */
export interface Port {
  postMessage(message: unknown, moved?: Transferable[]): void
  on(event: 'message', listener: (message: Message) => void): unknown
}

/** The methods that a side serves: all arguments and results must survive a structured clone. */
type Methods<Side> = { readonly [Name in keyof Side]: (...args: never[]) => unknown }
type Args<Method> = Method extends (...args: infer List) => unknown ? List : never
type Answer<Method> = Method extends (...args: never[]) => infer Value ? Awaited<Value> : never

interface Asked {
  readonly resolve: (value: never) => void
  readonly reject: (fault: ChannelClosed | Error) => void
}

type Message =
  | { readonly to: string; readonly args: readonly unknown[]; readonly id?: number }
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly fault: PlainFault }

/** The other thread has ended or is ending: pending calls get no answer. */
export class ChannelClosed extends Error {}

/**
 * Remote calls by name between two threads. A call with its answer takes 9 us of CPU in both threads together under
 * load, and 50 us if the other thread must be woken each time (`bench/micro/channel.ts`): no plain call needs one.
 */
export class RpcChannel<Here extends Methods<Here>, There extends Methods<There>> {
  readonly #port: Port
  readonly #here: Here
  readonly #reportBug: (fault: unknown, about: string) => void
  readonly #asked = new Map<number, Asked>()
  #lastId = 0
  #closed: string | undefined

  constructor(port: Port, here: Here, reportBug: (fault: unknown, about: string) => void) {
    this.#port = port
    this.#here = here
    this.#reportBug = reportBug
    port.on('message', (message) => this.#take(message))
  }

  /** `moved`: objects transferred to the other side. Rejects with `ChannelClosed`, or with the other side's error. */
  call<Name extends keyof There & string>(
    to: Name,
    args: Args<There[Name]>,
    moved: Transferable[] = [],
  ): Promise<Answer<There[Name]>> {
    if (this.#closed !== undefined) return Promise.reject(new ChannelClosed(this.#closed))
    const id = ++this.#lastId
    this.#send({ to, args, id }, moved)
    return new Promise((resolve, reject) => this.#asked.set(id, { resolve, reject }))
  }

  /** Calls a method without waiting for an answer. */
  notify<Name extends keyof There & string>(to: Name, ...args: Args<There[Name]>): void {
    if (this.#closed === undefined) this.#send({ to, args })
  }

  close(reason: string): void {
    if (this.#closed !== undefined) return
    this.#closed = reason
    for (const { reject } of this.#asked.values()) reject(new ChannelClosed(reason))
    this.#asked.clear()
  }

  #take(message: Message): void {
    if ('to' in message) void this.#serve(message)
    else {
      const asked = this.#asked.get(message.id)
      this.#asked.delete(message.id)
      if ('fault' in message) asked?.reject(faultOf(message.fault))
      else asked?.resolve(message.value as never)
    }
  }

  #send(message: Message, moved: Transferable[] = []): void {
    this.#port.postMessage(message, moved)
  }

  async #serve({ to, args, id }: Extract<Message, { to: string }>): Promise<void> {
    const method = this.#here[to as keyof Here]
    try {
      const value = await method.apply(this.#here, args as never[])
      if (id !== undefined && this.#closed === undefined) this.#send({ id, value })
    } catch (fault) {
      if (id === undefined) this.#reportBug(fault, `the other thread's ${to}`)
      else if (this.#closed === undefined) this.#send({ id, fault: plainFault(fault) })
    }
  }
}

/** An error in the form in which it crosses threads. */
interface PlainFault {
  readonly name: string
  readonly message: string
  /** Node's details of a failed listen; the setting that a startup error is about. */
  readonly facts: Readonly<Record<string, unknown>>
}

const factNames = ['code', 'syscall', 'address', 'port', 'at'] as const

function plainFault(fault: unknown): PlainFault {
  if (!(fault instanceof Error)) return { name: 'Error', message: String(fault), facts: {} }
  const all = fault as unknown as Readonly<Record<string, unknown>>
  const facts = Object.fromEntries(factNames.filter((name) => name in fault).map((name) => [name, all[name]]))
  return { name: fault.name, message: fault.message, facts }
}

function faultOf({ name, message, facts }: PlainFault): Error {
  const fault = name === StartupError.name ? new StartupError(message) : new Error(message)
  return Object.assign(fault, facts)
}
