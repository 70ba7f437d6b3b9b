import type { Transferable } from 'node:worker_threads'
import { StartupError } from './startup-error.ts'

/** An end of what threads talk through: a `MessagePort`, a `Worker`, or (from within) the worker's `parentPort`. */
export interface Port {
  postMessage(message: unknown, moved?: Transferable[]): void
  on(event: 'message', listener: (message: Message) => void): unknown
}

/** What can be asked of a side: everything that goes in or out has to survive a structured clone. */
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

/** The other thread has ended, or ends: what was asked of it has no answer any more. */
export class ChannelClosed extends Error {}

/**
 * Two threads that ask things of each other by name. A question with its answer takes 9 us of CPU in both together while
 * there are many, and 50 us where the other has to be woken for each (`bench/micro/channel.ts`): no plain call needs one.
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

  /** `moved`: what belongs to the other side from then on. Rejects with `ChannelClosed`, or with the other side's fault. */
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

  /** Wants no answer. */
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

/** What is left of an error that has crossed. */
interface PlainFault {
  readonly name: string
  readonly message: string
  /** What Node tells of an address that cannot be listened on; the setting that it is about. */
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
