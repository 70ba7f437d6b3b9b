import type { Runtime } from '../kit/runtime.ts'
import type { MemoryScope } from '../kit/shared-memory.ts'
import { Spell } from '../kit/spell.ts'
import { isShortage, type Shortage, shortages } from '../transport/client/shortage.ts'

/** A shortage is over when it has not occurred for this long; the next one is logged again. */
const quietMs = 60_000

export interface ShortageLogOptions extends Pick<Runtime, 'clock' | 'log'> {
  /** Shared by the whole gateway, so that all workers together write one line. */
  readonly memory: MemoryScope
}

/** Warns once per shortage of each kind of resource. */
export class ShortageLog {
  readonly #options: ShortageLogOptions
  readonly #spells: ReadonlyMap<string, Spell>

  constructor(options: ShortageLogOptions) {
    this.#options = options
    const { memory } = options
    const spellOf = (code: string) => [code, new Spell(memory.cells(`shortage ${code}`, 1), quietMs)] as const
    this.#spells = new Map(Object.keys(shortages).map(spellOf))
  }

  /** Called when a connection to a target could not be opened. */
  onConnect(code: string): void {
    this.#note(code, 'connections to targets cannot be opened, and their calls fail with GATEWAY_EXHAUSTED')
  }

  /** Called when a client's connection could not be accepted. */
  onAccept(code: string): void {
    this.#note(code, 'connections of clients cannot be accepted')
  }

  #note(code: string, effect: string): void {
    if (!isShortage(code)) return
    const { clock, log } = this.#options
    const spell = this.#spells.get(code)
    spell?.endIfQuiet(clock.now())
    if (spell?.occurs(clock.now()) === true) log(lineOf(code, effect), 'warn')
  }
}

function lineOf(code: Shortage, effect: string): string {
  const { reason, remedy } = shortages[code]
  return `the gateway has ${reason} (${code}): ${effect}. Remedy: ${remedy}`
}
