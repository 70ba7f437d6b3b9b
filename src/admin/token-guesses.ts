import type { Runtime } from '../kit/runtime.ts'

/** Wrong tokens per window before a client is delayed: allows for typing errors and a stale script. */
const freeGuesses = 10
const windowMs = 60_000
/** Delay of each further answer: an attacker gets one guess per second and connection. */
const waitMs = 1000
/** Remembered clients; beyond that, the one with the oldest window is forgotten. */
const maxClients = 1000

interface Guesser {
  count: number
  readonly untilMs: number
}

export type TokenGuessesOptions = Pick<Runtime, 'clock' | 'log'>

/**
 * Clients that repeatedly send wrong tokens. Their wrong guesses are answered with a delay, but the right token always
 * works: others may share the address, and need the admin side most during an attack.
 */
export class TokenGuesses {
  readonly #options: TokenGuessesOptions
  readonly #guessers = new Map<string, Guesser>()

  constructor(options: TokenGuessesOptions) {
    this.#options = options
  }

  /** Records a wrong token from this client; returns the delay of the answer. */
  note(client: string): number {
    const { log } = this.#options
    const guesser = this.#guesserOf(client)
    guesser.count++
    if (guesser.count === freeGuesses + 1) {
      log(`admin: ${freeGuesses} wrong tokens from ${client} within a minute; further attempts are slowed down`, 'warn')
    }
    return guesser.count > freeGuesses ? waitMs : 0
  }

  #guesserOf(client: string): Guesser {
    const nowMs = this.#options.clock.now()
    const known = this.#guessers.get(client)
    if (known !== undefined && nowMs < known.untilMs) return known
    this.#guessers.delete(client)
    const [first] = this.#guessers.keys()
    if (this.#guessers.size >= maxClients && first !== undefined) this.#guessers.delete(first)
    const guesser = { count: 0, untilMs: nowMs + windowMs }
    this.#guessers.set(client, guesser)
    return guesser
  }
}
