import type { Target } from '../../core/attempt.ts'
import type { Random } from '../../kit/random.ts'
import type { LastTried } from './balancer.ts'
import type { Rotation } from './rotation.ts'

/** Whom a balancer may choose among, and what each weighs. The rotation is asked anew only when its version changes. */
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

  /** The places of those that are available: untried, or else tried longest ago. */
  of(lastTried: LastTried | undefined): readonly number[] {
    if (this.#rotation.version !== this.#version) this.#look()
    const available = this.#available
    if (lastTried === undefined || available.length < 2) return available
    let longestAgo = Number.POSITIVE_INFINITY
    for (const place of available) longestAgo = Math.min(longestAgo, lastTried(this.targets[place] as Target))
    return available.filter((place) => lastTried(this.targets[place] as Target) === longestAgo)
  }

  /**
   * Of these those that this pick may take: one in slow start is passed over in as many picks as its share lacks. That
   * holds it to its share also where it would be the best of all, as one that is idle and fresh often is. Never none.
   */
  passing(places: readonly number[], random: Random): readonly number[] {
    if (!this.#isOneSlow) return places
    const passing = places.filter((place) => this.factor(place) === 1 || random() < this.factor(place))
    return passing.length === 0 ? places : passing
  }

  /** Its weight next to the usual one: 1 where all have the same. */
  weight(place: number): number {
    return this.#weights[place] as number
  }

  /** How much of its weight counts (slow start), 0 to 1. */
  factor(place: number): number {
    return this.#factors[place] as number
  }

  /** One of these, by weight. Answers where in the list it stands; there has to be one. */
  draw(places: readonly number[], random: Random): number {
    return this.#isEven ? Math.floor(random() * places.length) : this.#drawByWeight(places, -1, random)
  }

  /** The same without the one that stands there; there have to be two. */
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
    // Rounding can leave the mark a hair beyond the last.
    return last
  }

  #look(): void {
    const rotation = this.#rotation
    // Before the rest: what changes meanwhile is seen the next time.
    this.#version = rotation.version
    this.#available = [...this.targets.keys()].filter((place) => rotation.isAvailable(place))
    this.#factors = this.targets.map((_, place) => rotation.factor(place))
    this.#weights = this.targets.map(({ weight }) => weight / this.#usualWeight)
    this.#isOneSlow = this.#available.some((place) => this.factor(place) < 1)
    this.#isEven = this.#available.every((place) => this.weight(place) === this.weight(this.#available[0] as number))
  }
}
