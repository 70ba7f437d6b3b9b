import type { GcraRules, GcraVerdict } from './gcra.ts'

/**
 * `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10): what is allowed, the same in every
 * answer, and what is left of it. Windows are whole seconds there, so a shorter one is told as what it comes to in one.
 */
export class RateLimitFields {
  readonly #name: string
  readonly #policy: string

  constructor(name: string, { limit, perMs }: GcraRules) {
    const seconds = Math.max(1, Math.round(perMs / 1000))
    const quota = Math.max(1, Math.floor((limit * seconds * 1000) / perMs))
    this.#name = name
    this.#policy = `"${name}";q=${quota};w=${seconds}`
  }

  /**
   * `t`: until all is there again; of a call that is refused, until one is, as its `Retry-After` says. The draft would have
   * `t` tell when more is there, and has clients take `r` over `t` for a rate, which is to be none that is too high: by the
   * time of the next one alone it would be, so the later time is told, which the draft allows.
   */
  of({ isAdmitted, remaining, waitMs, fullMs }: GcraVerdict): readonly string[] {
    const seconds = Math.ceil((isAdmitted ? fullMs : waitMs) / 1000)
    return ['ratelimit-policy', this.#policy, 'ratelimit', `"${this.#name}";r=${remaining};t=${seconds}`]
  }
}
