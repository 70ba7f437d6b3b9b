import type { Pace, PaceDeps } from './pace.ts'

/** How long a user waits after a failed connection: otherwise a dead target would get ten thousand requests per s. */
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

  /** New users start at once; surplus users stop when their request ends. */
  setUsers(users: number): void {
    this.#users = users
    this.pump()
  }

  pump(): void {
    // A request that ends while it is being sent calls this again.
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
