import type { GcraRules, GcraVerdict } from './gcra.ts'

/**
 * `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10): the policy, the same in every answer,
 * and the remaining quota. Windows are whole seconds there, so a shorter one is scaled to one second.
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
   * `t`: time until the full quota is back; for a refused call, until one call is allowed, as in its `Retry-After`. In
   * the draft, `t` is when more quota becomes available, and clients take `r` / `t` for a rate, which must not be too
   * high. With the time of the next call alone it would be, so the later time is sent, which the draft allows.
   */
  of({ isAdmitted, remaining, waitMs, fullMs }: GcraVerdict): readonly string[] {
    const seconds = Math.ceil((isAdmitted ? fullMs : waitMs) / 1000)
    return ['ratelimit-policy', this.#policy, 'ratelimit', `"${this.#name}";r=${remaining};t=${seconds}`]
  }
}
