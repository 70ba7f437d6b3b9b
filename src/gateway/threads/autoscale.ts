export interface ScaleOptions {
  readonly min: number
  readonly max: number
}

/** Above so much of their time the event loops are busy: beyond it, waiting times grow faster than the load. */
const busyShare = 0.7
/** So long: one burst is not yet a load. */
const busySeconds = 3
/** What the others would come to if one ended: far enough below `busyShare` for it not to be added again at once. */
const idleShare = 0.4
const idleSeconds = 30

/** When to add a worker, and when to end one. Told once a second what share of its time each was busy. */
export class Scale {
  readonly #options: ScaleOptions
  #busyFor = 0
  #idleFor = 0

  constructor(options: ScaleOptions) {
    this.#options = options
  }

  judge(utilisations: readonly number[]): 'add' | 'end' | 'stay' {
    const { min, max } = this.#options
    const count = utilisations.length
    if (count === 0) return 'stay'
    const sum = utilisations.reduce((total, share) => total + share, 0)
    this.#busyFor = sum / count >= busyShare ? this.#busyFor + 1 : 0
    this.#idleFor = count > 1 && sum / (count - 1) <= idleShare ? this.#idleFor + 1 : 0
    if (count < max && this.#busyFor >= busySeconds) return this.#decided('add')
    if (count > min && this.#idleFor >= idleSeconds) return this.#decided('end')
    return 'stay'
  }

  /** What comes of it shows only in the seconds after. */
  #decided(what: 'add' | 'end'): 'add' | 'end' {
    this.#busyFor = 0
    this.#idleFor = 0
    return what
  }
}
