import { foldedName, type HeaderPairs, withoutHeaders } from '../core/headers.ts'

/** RFC 9110, 7.6.1, plus what older software sends. They apply to one connection and are never forwarded. */
const hopByHopNames = ['connection', 'keep-alive', 'proxy-connection', 'te', 'transfer-encoding', 'upgrade']

/** Limit on remembered spellings: clients choose them. */
const maxRemembered = 1024

interface FurtherFields {
  readonly dropped: readonly string[]
  /** Passed unchanged, but dropped when spelt with `_` for `-`. */
  readonly genuine: readonly string[]
}

/**
 * Removes hop-by-hop fields, the fields that `Connection` names, and further ones; also when spelt with `_` for `-`
 * (see `foldedName`).
 */
export class HopByHop {
  readonly #names: ReadonlySet<string>
  readonly #genuine: ReadonlySet<string>
  /** Name as spelt -> verdict; saves lower-casing the same twenty names for each request. */
  readonly #remembered = new Map<string, 'keep' | 'drop' | 'connection'>()

  constructor({ dropped, genuine }: FurtherFields) {
    this.#names = new Set([...hopByHopNames, ...dropped])
    this.#genuine = new Set(genuine)
  }

  /** Returns a new list that the caller may append to. */
  remove(headers: HeaderPairs): string[] {
    const kept: string[] = []
    let named: string[] | undefined
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i] as string
      const value = headers[i + 1] as string
      const verdict = this.#remembered.get(name) ?? this.#judge(name)
      if (verdict === 'keep') kept.push(name, value)
      else if (verdict === 'connection') named = addNamed(named, value)
    }
    return named === undefined ? kept : withoutHeaders(kept, new Set(named))
  }

  #judge(name: string): 'keep' | 'drop' | 'connection' {
    const folded = foldedName(name)
    const isTwin = name.includes('_') && this.#genuine.has(folded)
    const verdict = folded === 'connection' ? 'connection' : isTwin || this.#names.has(folded) ? 'drop' : 'keep'
    if (this.#remembered.size < maxRemembered) this.#remembered.set(name, verdict)
    return verdict
  }
}

/** Adds the fields that a `Connection` field names. */
export function addNamed(named: string[] | undefined, value: string): string[] | undefined {
  // The most frequent values by far name no field.
  if (value === 'keep-alive' || value === 'close' || value === 'Keep-Alive') return named
  const names = value
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'keep-alive' && name !== 'close')
  if (names.length === 0) return named
  // Not spread: a client chooses how many fields and names there are.
  return named === undefined ? names : named.concat(names)
}
