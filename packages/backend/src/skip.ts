import type { Profile } from './profile.ts'

/** Counts requests, and picks every k-th one. */
export class SkipCounter {
  readonly #options: Profile['skip']
  #counted = 0

  constructor(options: Profile['skip']) {
    this.#options = options
  }

  /** The status to answer instead, if this request is picked. */
  next(method: string): number | undefined {
    const options = this.#options
    if (options === undefined || options.methods?.includes(method) === false) return undefined
    this.#counted++
    return this.#counted % options.every === 0 ? options.status : undefined
  }
}
