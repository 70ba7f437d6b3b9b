import type { Call } from '../core/call.ts'
import type { EventOf, EventType, GatewayEvent } from '../core/events.ts'

type Listener<T extends EventType> = (event: EventOf<T>, call: Call) => void
type AnyListener = (event: GatewayEvent, call: Call) => void

/** Delivers the events of all calls to listeners. Removing a listener changes nothing else. */
export class EventBus {
  readonly #listeners = new Map<EventType, readonly AnyListener[]>()
  readonly #reportBug: (error: unknown, about: string) => void
  /** Listeners that have thrown: a listener that throws on every event is reported once. */
  readonly #faulty = new WeakSet<AnyListener>()

  /** `reportBug` receives listeners' exceptions. The default throws them uncaught, so that no test misses them. */
  constructor(reportBug: (error: unknown, about: string) => void = throwLater) {
    this.#reportBug = reportBug
  }

  /** Returns a function that stops listening. */
  on<T extends EventType>(type: T, listener: Listener<T>): () => void {
    // `emit` looks listeners up by the event's type, so each gets only its own kind.
    const added = listener as AnyListener
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), added])
    return () => {
      const others = (this.#listeners.get(type) ?? []).filter((candidate) => candidate !== added)
      this.#listeners.set(type, others)
    }
  }

  /** Never throws: a listener cannot break the call that it listens to. */
  emit(event: GatewayEvent, call: Call): void {
    const listeners = this.#listeners.get(event.type)
    if (listeners === undefined) return
    for (const listener of listeners) {
      try {
        listener(event, call)
      } catch (error) {
        this.#met(error, listener, event.type)
      }
    }
  }

  #met(error: unknown, listener: AnyListener, type: EventType): void {
    if (this.#faulty.has(listener)) return
    this.#faulty.add(listener)
    this.#reportBug(error, `a listener to ${type}`)
  }
}

function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}
