import type { Transferable } from 'node:worker_threads'
import { StartupError } from './startup-error.ts'

/** One end of a channel between threads: a `MessagePort`, a `Worker`, or (inside it) the worker's `parentPort`. */
export interface Port {
  postMessage(message: unknown, moved?: Transferable[]): void
  on(event: 'message', listener: (message: Message) => void): unknown
  /** Emitted by a `MessagePort` once its other end is closed, or the thread that had it has ended. */
  on(event: 'close', listener: () => void): unknown
}

/** The methods that a thread exposes: all arguments and results must survive a structured clone. */
type Methods<T> = { readonly [Name in keyof T]: (...args: never[]) => unknown }
type Args<Method> = Method extends (...args: infer List) => unknown ? List : never
type Answer<Method> = Method extends (...args: never[]) => infer Value ? Awaited<Value> : never

/** An object of another thread: each method resolves with the answer from there. */
export type Remote<T> = { readonly [Name in keyof T]: (...args: Args<T[Name]>) => Promise<Answer<T[Name]>> }

/** The same object, called without waiting for an answer. */
export type Notifier<T> = { readonly [Name in keyof T]: (...args: Args<T[Name]>) => void }

/** By method: the memory and ports that a call transfers to the other thread instead of copying them. */
export type Moves<T> = { readonly [Name in keyof T]?: (...args: Args<T[Name]>) => Transferable[] }

interface Pending {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: ChannelClosed | Error) => void
}

const calling = 0
const answering = 1
const refusing = 2

/** Tuples, as they cross threads at 2 us less than objects do. A call with the id 0 gets no answer. */
type Message =
  | readonly [kind: typeof calling, id: number, to: string, method: string, args: readonly unknown[]]
  | readonly [kind: typeof answering, id: number, value: unknown]
  | readonly [kind: typeof refusing, id: number, error: PlainError]

/** The other thread has ended or is ending: pending calls get no answer. */
export class ChannelClosed extends Error {}

/**
 * Calls between two threads, to the objects that each side exposes by name. A call with its answer takes 9 us of CPU in
 * both threads together under load, and 50 us if the other thread must be woken each time (`bench/micro/rpc.ts`): no
 * plain call needs one.
 */
export class RpcChannel {
  readonly #port: Port
  readonly #reportBug: (error: unknown, about: string) => void
  readonly #exposed = new Map<string, object>()
  readonly #pending = new Map<number, Pending>()
  #lastId = 0
  #closed: string | undefined

  constructor(port: Port, reportBug: (error: unknown, about: string) => void) {
    this.#port = port
    this.#reportBug = reportBug
    port.on('message', (message) => this.#take(message))
    port.on('close', () => this.close('the other thread has closed the channel'))
  }

  /** Use `expose`, which checks the type. */
  add(name: string, implementation: object): void {
    this.#exposed.set(name, implementation)
  }

  /** Use `remote`, which knows the types. Rejects with `ChannelClosed`, or with the other side's error. */
  call(to: string, method: string, args: readonly unknown[], moved?: Transferable[]): Promise<unknown> {
    if (this.#closed !== undefined) return Promise.reject(new ChannelClosed(this.#closed))
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      this.#send([calling, id, to, method, args], moved)
      this.#pending.set(id, { resolve, reject })
    })
  }

  /** Use `notifier`, which knows the types. */
  notify(to: string, method: string, args: readonly unknown[], moved?: Transferable[]): void {
    this.#send([calling, 0, to, method, args], moved)
  }

  close(reason: string): void {
    if (this.#closed !== undefined) return
    this.#closed = reason
    for (const { reject } of this.#pending.values()) reject(new ChannelClosed(reason))
    this.#pending.clear()
  }

  #send(message: Message, moved?: Transferable[]): void {
    if (this.#closed === undefined) this.#port.postMessage(message, moved)
  }

  #take(message: Message): void {
    const [kind, id] = message
    if (kind === calling) {
      this.#serve(message)
      return
    }
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    if (message[0] === refusing) pending?.reject(errorOf(message[2]))
    else pending?.resolve(message[2])
  }

  #serve([, id, to, method, args]: Extract<Message, readonly [typeof calling, ...unknown[]]>): void {
    try {
      const value = this.#invoke(to, method, args)
      if (value instanceof Promise) void this.#answerWith(value, id, method)
      else this.#answer(id, value)
    } catch (error) {
      this.#refuse(id, method, error)
    }
  }

  async #answerWith(value: Promise<unknown>, id: number, method: string): Promise<void> {
    try {
      this.#answer(id, await value)
    } catch (error) {
      this.#refuse(id, method, error)
    }
  }

  /** Throws if the value cannot be cloned. */
  #answer(id: number, value: unknown): void {
    if (id !== 0) this.#send([answering, id, value])
  }

  #refuse(id: number, method: string, error: unknown): void {
    if (id === 0) this.#reportBug(error, `the other thread's ${method}`)
    else this.#send([refusing, id, plainError(error)])
  }

  #invoke(to: string, method: string, args: readonly unknown[]): unknown {
    const implementation = this.#exposed.get(to)
    const found: unknown = implementation && Reflect.get(implementation, method)
    if (typeof found !== 'function') throw new Error(`this thread does not expose ${to}.${method}`)
    return Reflect.apply(found, implementation, args)
  }
}

/** Lets the other side call the methods of an object. */
export function expose<T extends Methods<T>>(channel: RpcChannel, name: string, implementation: T & object): void {
  channel.add(name, implementation)
}

/** The object that the other side exposes under this name. */
export function remote<T extends Methods<T>>(channel: RpcChannel, name: string, moves: Moves<T> = {}): Remote<T> {
  const methods = methodsBy((method) => {
    const movedBy = movesOf(moves, method)
    return (...args) => channel.call(name, method, args, movedBy?.(...args))
  })
  return Object.create(methods)
}

/** The same object for calls that need no answer: an error there is reported as a bug there. */
export function notifier<T extends Methods<T>>(channel: RpcChannel, name: string, moves: Moves<T> = {}): Notifier<T> {
  const methods = methodsBy((method) => {
    const movedBy = movesOf(moves, method)
    return (...args) => channel.notify(name, method, args, movedBy?.(...args))
  })
  return Object.create(methods)
}

type Method = (...args: readonly unknown[]) => unknown

function movesOf(moves: object, method: string): ((...args: readonly unknown[]) => Transferable[]) | undefined {
  const found: unknown = Reflect.get(moves, method)
  return typeof found === 'function' ? (...args) => Reflect.apply(found, undefined, args) : undefined
}

/** A prototype that gives its object each method on first use, as the types do not exist at run time. */
function methodsBy(make: (method: string) => Method): object {
  const methods: ProxyHandler<object> = {
    get: (_target, name, holder) => {
      // An object with a `then` would be taken for a promise.
      if (typeof name !== 'string' || name === 'then') return undefined
      const value = make(name)
      Reflect.defineProperty(holder, name, { value })
      return value
    },
  }
  return new Proxy(Object.create(null), methods)
}

/** An error in the form in which it crosses threads. */
interface PlainError {
  readonly name: string
  readonly message: string
  /** Node's details of a failed listen; the setting that a startup error is about. */
  readonly facts: Readonly<Record<string, unknown>>
}

const factNames = ['code', 'syscall', 'address', 'port', 'at'] as const

function plainError(error: unknown): PlainError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), facts: {} }
  const facts = factNames.filter((name) => name in error).map((name) => [name, Reflect.get(error, name)] as const)
  return { name: error.name, message: error.message, facts: Object.fromEntries(facts) }
}

function errorOf({ name, message, facts }: PlainError): Error {
  const error = name === StartupError.name ? new StartupError(message) : new Error(message)
  return Object.assign(error, facts)
}
