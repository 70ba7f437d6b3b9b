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
    for (const place of available) longestAgo = Math.min(longestAgo, lastTried(this.targets[place] as Target))
    return available.filter((place) => lastTried(this.targets[place] as Target) === longestAgo)
  }

  /**
   * The candidates that this pick may take. A target in slow start is skipped in as many picks as its share lacks. This
   * holds it to its share even when it would be the best of all, as an idle, fresh target often is. Never empty.
   */
  passing(places: readonly number[], random: Random): readonly number[] {
    if (!this.#isOneSlow) return places
    const passing = places.filter((place) => this.factor(place) === 1 || random() < this.factor(place))
    return passing.length === 0 ? places : passing
  }

  /** Weight relative to the usual one: 1 when all weights are equal. */
  weight(place: number): number {
    return this.#weights[place] as number
  }

  /** Share of the weight that counts (slow start), 0 to 1. */
  factor(place: number): number {
    return this.#factors[place] as number
  }

  /** Draws one by weight. Returns its position in the list, which must not be empty. */
  draw(places: readonly number[], random: Random): number {
    return this.#isEven ? Math.floor(random() * places.length) : this.#drawByWeight(places, -1, random)
  }

  /** Draws one other than the one at `first`; needs at least two candidates. */
  drawOther(places: readonly number[], first: number, random: Random): number {
    if (!this.#isEven) return this.#drawByWeight(places, first, random)
    const other = Math.floor(random() * (places.length - 1))
    return other < first ? other : other + 1
  }

  #drawByWeight(places: readonly number[], except: number, random: Random): number {
    let total = 0
    for (let i = 0; i < places.length; i++) if (i !== except) total += this.weight(places[i] as number)
    let mark = random() * total
    let last = -1
    for (let i = 0; i < places.length; i++) {
      if (i === except) continue
      last = i
      mark -= this.weight(places[i] as number)
      if (mark < 0) break
    }
    // Rounding can leave the mark slightly beyond the last one.
    return last
  }

  #look(): void {
    const rotation = this.#rotation
    // Set first, so that the next call sees changes made meanwhile.
    this.#version = rotation.version
    this.#available = [...this.targets.keys()].filter((place) => rotation.isAvailable(place))
    this.#factors = this.targets.map((_, place) => rotation.factor(place))
    this.#weights = this.targets.map(({ weight }) => weight / this.#usualWeight)
    this.#isOneSlow = this.#available.some((place) => this.factor(place) < 1)
    this.#isEven = this.#available.every((place) => this.weight(place) === this.weight(this.#available[0] as number))
  }
}
