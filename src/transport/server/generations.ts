/** The calls that began under one set of rules. */
export interface Generation {
  inFlight: number
  isOver: boolean
  readonly ended: PromiseWithResolvers<void>
}

/**
 * Reports when the last call that began before a change of the rules has ended: only then may the resources of the old
 * rules be freed. A call belongs to the generation in which it began, however often the rules change while it lasts.
 */
export class Generations {
  #current = newEra()
  /** Resolves when all calls of all earlier generations have ended. */
  #past: Promise<unknown> = Promise.resolve()

  begin(): Generation {
    this.#current.inFlight++
    return this.#current
  }

  end(generation: Generation): void {
    generation.inFlight--
    resolveIfDone(generation)
  }

  /** Begins a new generation; resolves when the last call of all earlier ones has ended. */
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
