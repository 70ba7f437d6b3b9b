import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { type Hmac, hmacSha256 } from '../kit/hmac.ts'

/**
 * Unforgeable tokens: a backend names its call with one, a client fetches a result with the other. A token carries all
 * that is needed to verify it, so nothing is stored before a call, and only the key has to survive a restart. 56
 * characters of base64url:
 *
 *   head: mode (1 byte), key (3), expiry in seconds (4), run (4) | id (15, random) |
 *   code: 15 bytes of HMAC-SHA256 over use, head, id
 *
 * 120 random bits cannot be guessed, nor a code of 120 bits found by trial (RFC 2104 recommends at least 80). A
 * callback token and its ticket share head and id but have different codes: the holder of one cannot make the other.
 */
export type TokenUse = 'ticket' | 'callback' | `callback ${string}`

/** A callback token is valid only at the path that it was made for. */
export function callbackAt(path: string): TokenUse {
  return `callback ${path}`
}

export interface TokenFacts {
  readonly id: string
  /** Whether the result must survive the process. */
  readonly durable: boolean
  /** Wall clock. */
  readonly expiresAtMs: number
  /** Number of the gateway run (with several workers: of the worker's run) that made the token. */
  readonly run: number
  /** Whether this run made the token, and so knows the state of its call. */
  readonly isOurs: boolean
}

export interface Key {
  readonly id: string
  readonly secret: string
}

export type Keys = readonly [current: Key, ...previous: Key[]]

export type Verdict = ({ readonly kind: 'good' | 'expired' } & TokenFacts) | { readonly kind: 'forged' }

/** Keys that change while the gateway runs. */
export class KeyRing {
  #keys: Keys

  constructor(keys: Keys) {
    this.#keys = keys
  }

  readonly current = (): Keys => this.#keys

  learn(keys: Keys): void {
    this.#keys = keys
  }
}

const form = /^[\w-]{56}$/
const headBytes = 12
const headLength = 16
const signedLength = 36
const codeLength = 20
const durableMode = 1
const forged: Verdict = { kind: 'forged' }

/** The id identifies the key of a token and reveals nothing about the secret. */
export function keyOf(secret: string): Key {
  const id = createHash('sha256').update(`hedgerow key id ${secret}`).digest().subarray(0, 3).toString('hex')
  return { id, secret }
}

/** A new head and id, from which the callback token and the ticket of one call are made. */
export interface Issue extends TokenFacts {
  readonly signed: string
  readonly key: Key
}

/** Makes tokens with the current key, and verifies tokens of every key. */
export class Signer {
  readonly #keys: () => Keys
  readonly #ids = new RandomIds()
  /** Two runs share a number with a probability of 1 in 2^32. */
  readonly run = randomBytes(4).readUInt32BE()
  /** All tokens of one second share a head, which costs as much to make as the rest of the token without the code. */
  #lastHead = { key: '', durable: false, expiresAtS: 0, text: '' }
  /** The same cache for incoming tokens. */
  #lastRead: Head = readHead('')
  readonly #hmacs = new WeakMap<Key, Hmac>()
  /** The codes that are compared, in memory that is used again. */
  readonly #made = Buffer.alloc(codeLength)
  readonly #given = Buffer.alloc(codeLength)

  /** `keys` is called each time, because keys change while the gateway runs. */
  constructor(keys: () => Keys) {
    this.#keys = keys
  }

  issue(durable: boolean, expiresAtMs: number): Issue {
    const [key] = this.#keys()
    const id = this.#ids.next()
    const expiresAtS = Math.ceil(expiresAtMs / 1000)
    return {
      signed: this.#head(key, durable, expiresAtS) + id,
      id,
      durable,
      expiresAtMs: expiresAtS * 1000,
      run: this.run,
      isOurs: true,
      key,
    }
  }

  token({ signed, key }: Issue, use: TokenUse): string {
    return signed + this.#code(key, signed, use)
  }

  verify(token: string, use: TokenUse, wallNowMs: number): Verdict {
    if (!form.test(token)) return forged
    const signed = token.slice(0, signedLength)
    const text = signed.slice(0, headLength)
    if (this.#lastRead.text !== text) this.#lastRead = readHead(text)
    const { keyId, durable, expiresAtMs, run } = this.#lastRead
    const key = this.#keys().find(({ id }) => id === keyId)
    if (key === undefined) return forged
    this.#given.write(token.slice(signedLength), 'latin1')
    this.#made.write(this.#code(key, signed, use), 'latin1')
    if (!timingSafeEqual(this.#made, this.#given)) return forged
    const kind = expiresAtMs <= wallNowMs ? 'expired' : 'good'
    return { kind, id: signed.slice(headLength), durable, expiresAtMs, run, isOurs: run === this.run }
  }

  #code(key: Key, signed: string, use: TokenUse): string {
    let hmac = this.#hmacs.get(key)
    if (hmac === undefined) {
      hmac = hmacSha256(key.secret)
      this.#hmacs.set(key, hmac)
    }
    return hmac(`${use} ${signed}`).slice(0, codeLength)
  }

  #head(key: Key, durable: boolean, expiresAtS: number): string {
    const last = this.#lastHead
    if (last.expiresAtS === expiresAtS && last.durable === durable && last.key === key.id) return last.text
    const head = Buffer.alloc(headBytes)
    head[0] = durable ? durableMode : 0
    head.write(key.id, 1, 'hex')
    head.writeUInt32BE(expiresAtS, 4)
    head.writeUInt32BE(this.run, 8)
    const text = head.toString('base64url')
    this.#lastHead = { key: key.id, durable, expiresAtS, text }
    return text
  }
}

interface Head {
  readonly text: string
  readonly keyId: string
  readonly durable: boolean
  readonly expiresAtMs: number
  readonly run: number
}

function readHead(text: string): Head {
  const head = Buffer.alloc(headBytes)
  head.write(text, 'base64url')
  return {
    text,
    keyId: head.toString('hex', 1, 4),
    durable: head[0] === durableMode,
    expiresAtMs: head.readUInt32BE(4) * 1000,
    run: head.readUInt32BE(8),
  }
}

const idBytes = 15
const idsAtOnce = 256

/** Random ids from one large draw: 0.2 us each, instead of 1 us for separate draws. */
class RandomIds {
  #pool = Buffer.alloc(0)
  #used = 0

  next(): string {
    if (this.#used === this.#pool.length) {
      this.#pool = randomBytes(idBytes * idsAtOnce)
      this.#used = 0
    }
    const id = this.#pool.toString('base64url', this.#used, this.#used + idBytes)
    this.#used += idBytes
    return id
  }
}
