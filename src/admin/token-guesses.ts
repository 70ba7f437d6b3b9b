import type { Clock } from '../kit/clock.ts'
import type { LogText } from '../kit/log-text.ts'

/** Wrong tokens that a client may send within the window before it is slowed down: a person who mistypes, a stale script. */
const freeGuesses = 10
const windowMs = 60_000
/** How long the answer to each further one takes: a guesser has one guess a second on each connection. */
const waitMs = 1000
/** Clients of which wrong tokens are remembered; the one that began first is forgotten for a further one. */
const maxClients = 1000

interface Guesser {
  count: number
  readonly untilMs: number
}

export interface TokenGuessesOptions {
  readonly clock: Clock
  readonly log: LogText
}

/**
 * Clients that send wrong tokens again and again. They wait for each answer, and are never refused what the right token
 * allows: others may share its address, and need the admin side most while somebody attacks it.
 */
export class TokenGuesses {
  readonly #options: TokenGuessesOptions
  readonly #guessers = new Map<string, Guesser>()

  constructor(options: TokenGuessesOptions) {
    this.#options = options
  }

  /** A wrong token came from this client: answers how long it is to wait for its answer. */
  note(client: string): number {
    const { log } = this.#options
    const guesser = this.#guesserOf(client)
    guesser.count++
    if (guesser.count === freeGuesses + 1) {
      log(`admin: ${freeGuesses} wrong tokens from ${client} within a minute: further ones are slowed down`, 'warn')
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
