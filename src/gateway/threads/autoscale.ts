export interface ScaleOptions {
  readonly min: number
  readonly max: number
}

/** Event loops are busy above this share of their time: beyond it, waiting times grow faster than the load. */
const busyShare = 0.7
/** A single burst does not justify another worker. */
const busySeconds = 3
/** The share the others would reach if one ended: far enough below `busyShare` that it is not added again at once. */
const idleShare = 0.4
const idleSeconds = 30

/** Decides when to add a worker and when to end one. Takes each worker's busy share once a second. */
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

  /** The effect shows only in the following seconds. */
  #decided(what: 'add' | 'end'): 'add' | 'end' {
    this.#busyFor = 0
    this.#idleFor = 0
    return what
  }
}
