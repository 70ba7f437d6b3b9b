import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import type { Clock, Timer } from '../kit/clock.ts'
import { type Key, type Keys, keyOf } from './token.ts'

/** A key that the gateway made, as its file has it; the current one first. */
interface KeptKey {
  readonly secret: string
  /** Wall clock, milliseconds. */
  readonly madeAt: number
}

export interface KeyFileOptions {
  readonly path: string
  readonly clock: Clock
  /** How long a key makes tokens. */
  readonly rotationMs: number
  /** How long a token may live: so long a key is still accepted after another has taken its place. */
  readonly tokenLifeMs: number
  readonly log: (text: string) => void
  /** The keys are other ones. */
  readonly onChanged?: (keys: Keys) => void
}

type KeyLife = Pick<KeyFileOptions, 'rotationMs' | 'tokenLifeMs'>

export type OpenedKeyFile =
  | { readonly ok: true; readonly keys: KeyFile }
  /** The text names the file and says what to do. */
  | { readonly ok: false; readonly fault: string }

const secretBytes = 32
const checkMs = 60_000
const secretForm = /^[\w-]{43}$/

/**
 * The keys for callback URLs that the gateway makes for itself and keeps in a file that only its user may read, so that
 * it still knows its callbacks after a restart. A new key takes over when the current one is old; old ones are accepted
 * until the last token that they made has expired.
 */
export class KeyFile {
  readonly #options: KeyFileOptions
  #kept: readonly KeptKey[]
  #keys: Keys
  #life: KeyLife
  #timer: Timer | undefined

  private constructor(options: KeyFileOptions, kept: readonly KeptKey[]) {
    this.#options = options
    this.#kept = kept
    this.#keys = keysOf(kept)
    this.#life = options
    this.#schedule()
  }

  static open(options: KeyFileOptions): OpenedKeyFile {
    const { path, clock } = options
    try {
      const found = read(path)
      const kept = renewed(found, clock.wallNow(), options)
      if (kept !== found) write(path, kept)
      return { ok: true, keys: new KeyFile(options, kept) }
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error)
      const advice = 'Make its folder writable, give another callbacks.keyFile, or set callbacks.key'
      return { ok: false, fault: `The key file ${path} cannot be used: ${cause}. ${advice}.` }
    }
  }

  get keys(): Keys {
    return this.#keys
  }

  /** From the next look on. No key goes before the last token has expired that was made while tokens lived longer. */
  update({ rotationMs, tokenLifeMs }: KeyLife): void {
    this.#life = { rotationMs, tokenLifeMs: Math.max(tokenLifeMs, this.#life.tokenLifeMs) }
  }

  close(): void {
    this.#timer?.cancel()
  }

  #schedule(): void {
    const { path, clock, log, onChanged } = this.#options
    this.#timer = clock.after(checkMs, () => {
      try {
        // Another process may have renewed it: each knows the keys of both, and both come to the same file.
        const found = read(path)
        const kept = renewed(union(found, this.#kept), clock.wallNow(), this.#life)
        // Written before it is used: no token may be of a key that a restart would not know.
        if (!isSame(kept, found)) write(path, kept)
        const isNews = !isSame(kept, this.#kept)
        this.#kept = kept
        if (isNews) {
          this.#keys = keysOf(kept)
          onChanged?.(this.#keys)
        }
      } catch (error) {
        log(`The key file ${path} could not be renewed, so the old key stays: ${String(error)}`)
      }
      this.#schedule()
    })
  }
}

/** The newest first. */
function union(some: readonly KeptKey[], others: readonly KeptKey[]): readonly KeptKey[] {
  const bySecret = new Map([...others, ...some].map((key) => [key.secret, key]))
  return [...bySecret.values()].sort((a, b) => b.madeAt - a.madeAt || (a.secret < b.secret ? -1 : 1))
}

function isSame(some: readonly KeptKey[], others: readonly KeptKey[]): boolean {
  return some.length === others.length && some.every(({ secret }, place) => secret === others[place]?.secret)
}

/** The same list if nothing is to be changed. */
function renewed(kept: readonly KeptKey[], now: number, { rotationMs, tokenLifeMs }: KeyLife): readonly KeptKey[] {
  const dated = kept.some(({ madeAt }) => madeAt > now) ? kept.map((key) => redated(key, now)) : kept
  const [current] = dated
  const isOld = current === undefined || now - current.madeAt >= rotationMs
  const all = isOld ? [{ secret: randomBytes(secretBytes).toString('base64url'), madeAt: now }, ...dated] : dated
  // A key was replaced when the one before it in the list was made.
  const needed = all.filter((_, place) => place === 0 || now - (all[place - 1] as KeptKey).madeAt < tokenLifeMs)
  return needed.length === kept.length && !isOld && dated === kept ? kept : needed
}

/** One that was made by a clock that was ahead would be in use, or accepted, for as long as that was: it counts from now. */
function redated({ secret, madeAt }: KeptKey, now: number): KeptKey {
  return { secret, madeAt: Math.min(madeAt, now) }
}

function keysOf(kept: readonly KeptKey[]): Keys {
  const [current, ...previous] = kept.map(({ secret }) => keyOf(secret)) as [Key, ...Key[]]
  return [current, ...previous]
}

function read(path: string): readonly KeptKey[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
  const lines = text.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#'))
  if (lines.length === 0) throw new Error('it holds no key')
  return lines.map((line, index) => {
    const [madeAt = '', secret = ''] = line.split(' ')
    if (!secretForm.test(secret) || Number.isNaN(Date.parse(madeAt))) {
      throw new Error(`what follows its comment is no key (entry ${index + 1})`)
    }
    return { secret, madeAt: Date.parse(madeAt) }
  })
}

/** Whole or not at all, also if the machine fails meanwhile. */
function write(path: string, kept: readonly KeptKey[]): void {
  const lines = kept.map(({ secret, madeAt }) => `${new Date(madeAt).toISOString()} ${secret}\n`)
  const text = `# Keys for the callback URLs of Hedgerow, the current one first. Who has them can forge callbacks.\n${lines.join('')}`
  const draft = `${path}.${process.pid}.new`
  try {
    const file = openSync(draft, 'w', 0o600)
    try {
      writeSync(file, text)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(draft, path)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  }
}
