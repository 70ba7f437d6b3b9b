/** The calls that began under one set of rules. */
export interface Generation {
  inFlight: number
  isOver: boolean
  readonly ended: PromiseWithResolvers<void>
}

/**
 * Tells when the last of those calls has ended that began before the rules were changed: only then may be freed what they
 * use. A call belongs to the era in which it began, however often the rules change while it lasts.
 */
export class Generations {
  #current = newEra()
  /** Resolves when all calls of all eras before the current one have ended. */
  #past: Promise<unknown> = Promise.resolve()

  begin(): Generation {
    this.#current.inFlight++
    return this.#current
  }

  end(generation: Generation): void {
    generation.inFlight--
    resolveIfDone(generation)
  }

  /** Begins a new era; resolves when the last call of all earlier ones has ended. */
  async turn(): Promise<void> {
    const over = this.#current
    this.#current = newEra()
    over.isOver = true
    resolveIfDone(over)
    this.#past = Promise.all([this.#past, over.ended.promise])
    await this.#past
  }
}

function newEra(): Generation {
  return { inFlight: 0, isOver: false, ended: Promise.withResolvers() }
}

function resolveIfDone({ inFlight, isOver, ended }: Generation): void {
  if (isOver && inFlight === 0) ended.resolve()
}
