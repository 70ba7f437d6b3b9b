import type { Attempt, Target } from '../core/attempt.ts'
import type { Outcome } from '../core/outcome.ts'
import type { Clock } from '../kit/clock.ts'
import type { LogText } from '../kit/log-text.ts'
import type { MemoryScope } from '../kit/shared-memory.ts'
import { Spell } from '../kit/spell.ts'
import { codeOfEnd } from '../transport/client/errors.ts'
import { tlsErrorOf } from '../transport/client/tls-error.ts'
import { memoryOfTarget } from './balance/target-memory.ts'

/**
 * Answers count as recovery only once no handshake has failed for this long: connections opened before a certificate
 * expired keep answering between failed handshakes.
 */
const quietMs = 10_000

export interface TlsLogOptions {
  readonly clock: Clock
  /** The upstream's memory, so that all workers together write one line. */
  readonly memory: MemoryScope
  readonly log: LogText
}

/** Warns once for each target with which TLS fails, and again when it fails after a recovery. */
export class TlsLog {
  readonly #options: TlsLogOptions
  readonly #spells: ReadonlyMap<Target, Spell>

  constructor(targets: readonly Target[], options: TlsLogOptions) {
    this.#options = options
    this.#spells = new Map(
      targets
        .filter(isOverTls)
        .map((target) => [target, new Spell(memoryOfTarget(options.memory, target).cells('tls', 1), quietMs)]),
    )
  }

  /** Call this at the end of each attempt. On the hot path of every call over TLS; ignores plain HTTP. */
  note({ target }: Attempt, outcome: Outcome): void {
    const spell = this.#spells.get(target)
    if (spell === undefined) return
    const { clock, log } = this.#options
    if (!outcome.ok && outcome.failure.code === 'UPSTREAM_TLS') {
      if (spell.occurs(clock.now())) log(lineOf(target, textOf(codeOfEnd(outcome.failure.cause))), 'warn')
    } else if (spell.isOn && hasAnswered(outcome) && spell.endIfQuiet(clock.now())) {
      log(lineOf(target, 'TLS works again'), 'info')
    }
  }
}

export function isOverTls({ origin }: Target): boolean {
  return origin.startsWith('https:')
}

function hasAnswered(outcome: Outcome): boolean {
  return outcome.ok || outcome.failure.upstreamStatus !== undefined
}

function lineOf({ name, upstream }: Target, text: string): string {
  return `target ${name} of upstream ${upstream}: ${text}`
}

function textOf(code: string): string {
  const error = tlsErrorOf(code)
  const remedy = error?.remedy === undefined ? '' : `. ${error.remedy}`
  return `TLS failed: ${error?.reason ?? 'the handshake failed'} (${code})${remedy}`
}
