import type { Target } from '../../core/attempt.ts'
import type { Random } from '../../kit/random.ts'
import type { LastTried } from './balancer.ts'
import type { Rotation } from './rotation.ts'

/**
 * The targets a balancer may choose among, and their weights. Reads the rotation again only when its version changes.
 */
export class Candidates {
  readonly targets: readonly Target[]
  readonly #rotation: Rotation
  readonly #usualWeight: number
  #version = Number.NaN
  #available: readonly number[] = []
  #weights: readonly number[] = []
  #factors: readonly number[] = []
  #isEven = true
  #isOneSlow = false

  constructor(rotation: Rotation) {
    const { targets } = rotation
    this.#rotation = rotation
    this.targets = targets
    this.#usualWeight = targets.reduce((sum, { weight }) => sum + weight, 0) / targets.length
  }

  /** Indexes of the available targets that are untried, or else were tried longest ago. */
  of(lastTried: LastTried | undefined): readonly number[] {
    if (this.#rotation.version !== this.#version) this.#look()
    const available = this.#available
    if (lastTried === undefined || available.length < 2) return available
    let longestAgo = Number.POSITIVE_INFINITY
    for (const index of available) longestAgo = Math.min(longestAgo, lastTried(this.targets[index] as Target))
    return available.filter((index) => lastTried(this.targets[index] as Target) === longestAgo)
  }

  /**
   * The candidates that this pick may take. A target in slow start is skipped in as many picks as its share lacks. This
   * holds it to its share even when it would be the best of all, as an idle, fresh target often is. Never empty.
   */
  passing(indexes: readonly number[], random: Random): readonly number[] {
    if (!this.#isOneSlow) return indexes
    const passing = indexes.filter((index) => this.factor(index) === 1 || random() < this.factor(index))
    return passing.length === 0 ? indexes : passing
  }

  /** Weight relative to the usual one: 1 when all weights are equal. */
  weight(index: number): number {
    return this.#weights[index] as number
  }

  /** Share of the weight that counts (slow start), 0 to 1. */
  factor(index: number): number {
    return this.#factors[index] as number
  }

  /** Draws one by weight. Returns its position in the list, which must not be empty. */
  draw(indexes: readonly number[], random: Random): number {
    return this.#isEven ? Math.floor(random() * indexes.length) : this.#drawByWeight(indexes, -1, random)
  }

  /** Draws one other than the one at `first`; needs at least two candidates. */
  drawOther(indexes: readonly number[], first: number, random: Random): number {
    if (!this.#isEven) return this.#drawByWeight(indexes, first, random)
    const other = Math.floor(random() * (indexes.length - 1))
    return other < first ? other : other + 1
  }

  #drawByWeight(indexes: readonly number[], except: number, random: Random): number {
    let total = 0
    for (let i = 0; i < indexes.length; i++) if (i !== except) total += this.weight(indexes[i] as number)
    let mark = random() * total
    let last = -1
    for (let i = 0; i < indexes.length; i++) {
      if (i === except) continue
      last = i
      mark -= this.weight(indexes[i] as number)
      if (mark < 0) break
    }
    // Rounding can leave the mark slightly beyond the last one.
    return last
  }

  #look(): void {
    const rotation = this.#rotation
    // Set first, so that the next call sees changes made meanwhile.
    this.#version = rotation.version
    this.#available = [...this.targets.keys()].filter((index) => rotation.isAvailable(index))
    this.#factors = this.targets.map((_, index) => rotation.factor(index))
    this.#weights = this.targets.map(({ weight }) => weight / this.#usualWeight)
    this.#isOneSlow = this.#available.some((index) => this.factor(index) < 1)
    this.#isEven = this.#available.every((index) => this.weight(index) === this.weight(this.#available[0] as number))
  }
}
