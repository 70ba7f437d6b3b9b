import type { Call } from '../core/call.ts'
import type { EventOf, EventType, GatewayEvent } from '../core/events.ts'

type Listener<T extends EventType> = (event: EventOf<T>, call: Call) => void
type AnyListener = (event: GatewayEvent, call: Call) => void

/** Carries the events of all calls to whoever listens. Taking a listener away changes nothing else. */
export class EventBus {
  readonly #listeners = new Map<EventType, readonly AnyListener[]>()

  /** Answers how to stop listening. */
  on<T extends EventType>(type: T, listener: Listener<T>): () => void {
    // `emit` looks listeners up by the event's type, so each gets only its own kind.
    const added = listener as AnyListener
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), added])
    return () => {
      const others = (this.#listeners.get(type) ?? []).filter((candidate) => candidate !== added)
      this.#listeners.set(type, others)
    }
  }

  emit(event: GatewayEvent, call: Call): void {
    const listeners = this.#listeners.get(event.type)
    if (listeners === undefined) return
    for (const listener of listeners) listener(event, call)
  }
}
