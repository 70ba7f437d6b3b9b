import type { Pace, PaceDeps } from './pace.ts'

/** A user whose connection failed waits this long: a dead target would be asked ten thousand times a second otherwise. */
const pauseMs = 100

/** Users, each of whom sends the next request when the last has ended. */
export class ClosedLoop implements Pace {
  readonly #deps: PaceDeps
  readonly #pauses = new Set<{ cancel(): void }>()
  readonly unsent = 0
  #users: number
  #isDone = false
  #isPumping = false

  constructor(users: number, deps: PaceDeps) {
    this.#users = users
    this.#deps = deps
  }

  get isDone(): boolean {
    return this.#isDone
  }

  /** More begin at once; of those that are too many each ends with its request. */
  setUsers(users: number): void {
    this.#users = users
    this.pump()
  }

  pump(): void {
    // A request that ends as it is sent comes back here.
    if (this.#isPumping) return
    this.#isPumping = true
    while (!this.#isDone && this.#deps.inFlight() + this.#pauses.size < this.#users && this.#deps.left() > 0) {
      this.#deps.launch(this.#deps.now())
    }
    this.#isPumping = false
  }

  ended(connectionFailed: boolean): void {
    if (connectionFailed && !this.#isDone) this.#pause()
    else this.pump()
  }

  dueEnds(): void {
    this.stop()
  }

  stop(): void {
    this.#isDone = true
    for (const pause of this.#pauses) pause.cancel()
    this.#pauses.clear()
  }

  #pause(): void {
    const pause = this.#deps.after(pauseMs, () => {
      this.#pauses.delete(pause)
      this.pump()
    })
    this.#pauses.add(pause)
  }
}
