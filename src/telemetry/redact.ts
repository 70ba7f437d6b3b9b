/** In the place of what is hidden. */
export const hidden = '***'

/** Fields whose values are never shown, whatever the configuration says. */
const secretFields = ['authorization', 'cookie', 'proxy-authorization', 'set-cookie']
/**
 * The token in the URL of a callback: whoever has it can answer in the backend's place. `callback/token-placement.ts`
 * names it too; telemetry stands below the flows and cannot ask them, so a test holds the two together.
 */
const secretKeys = ['callback']
/** What follows opens the result of a call, or tells what became of a write; the flows name these paths too. */
const secretPath = /\/_hedgerow\/+(?:tickets|deliveries)\/+(?=[^/])/i
/** Names of fields and parameters that nobody has listed, where what was kept for long is shown to operators. */
const secretName =
  /token|secret|key|password|passphrase|authorization|cookie|credential|signature|(?:^|[^a-z])(?:auth|sig|pwd|pass)$/i
/** A name that the gateway itself gives a meaning to: it opens nothing. */
const openName = /^idempotency-key$/i
const userInfo = /\/\/[^/?#\s]*@/g

/** Longer ones are cut before they are looked at: who shows them cuts them anyway, and a client chooses how long they are. */
export const maxLookedAt = 8 * 1024

export interface RedactOptions {
  readonly headers: readonly string[]
  readonly query: readonly string[]
}

export function looksSecret(name: string): boolean {
  return secretName.test(name) && !openName.test(name)
}

/** What must not be seen in logs, traces and on the dashboard. Never throws; each does work linear in its text. */
export class Redaction {
  readonly #fields: ReadonlySet<string>
  readonly #keys: ReadonlySet<string>
  readonly #guesses: boolean

  /** `guesses`: hides also what by its name looks like a secret. */
  constructor({ headers, query }: RedactOptions, guesses = false) {
    this.#fields = new Set([...secretFields, ...headers.map((name) => name.toLowerCase())])
    this.#keys = new Set([...secretKeys, ...query.map((key) => key.toLowerCase())])
    this.#guesses = guesses
  }

  hidesField(name: string): boolean {
    return this.#fields.has(name.toLowerCase()) || (this.#guesses && looksSecret(name))
  }

  /** The value of a field. It may be or hold a URL, as in `Referer`, `Link` or one that a proxy has added. */
  field(name: string, value: string): string {
    return this.hidesField(name) ? hidden : this.text(value)
  }

  /** Path and query of a request. */
  target(path: string, query: string): string {
    return query === '' ? this.path(path) : `${this.path(path)}?${this.query(query)}`
  }

  /** A path as it was sent, without the id of a ticket or delivery. */
  path(path: string): string {
    const looked = cut(path)
    // Nearly all paths have neither, and to find that out costs less than to search.
    if (!looked.includes('_') && !looked.includes('%')) return looked
    const found = secretPath.exec(looked)
    if (found !== null) return looked.slice(0, found.index + found[0].length) + hidden
    if (!looked.includes('%')) return looked
    const plain = bytesOf(looked)
    const spelt = secretPath.exec(plain)
    return spelt === null ? looked : plain.slice(0, spelt.index + spelt[0].length) + hidden
  }

  /**
   * A query as it was sent, with `***` for the values of these keys, however they are spelt. Some take `;` for `&`.
   * Others do not, so all that follows a key that is hidden, up to the next `&`, may be its value. `?` and `#` begin
   * the query and the fragment of a URL within a value.
   */
  query(query: string): string {
    const looked = cut(query)
    let shown = ''
    let shownUpTo = 0
    for (let start = 0; start < looked.length; ) {
      const keyEnd = endOfKey(looked, start)
      if (isFollowed(looked, keyEnd) && this.#hides(looked.slice(start, keyEnd))) {
        shown += looked.slice(shownUpTo, keyEnd + 1) + hidden
        shownUpTo = endOfPair(looked, keyEnd + 1)
        start = shownUpTo + 1
      } else start = endOfValue(looked, keyEnd) + 1
    }
    return shownUpTo === 0 ? looked : shown + looked.slice(shownUpTo)
  }

  /** Text that may be a URL, or hold some in angle brackets. */
  text(text: string): string {
    const looked = cut(text)
    return looked.replaceAll(/[^<>]+/g, (piece) => this.#url(piece))
  }

  #url(url: string): string {
    const end = url.search(/[?#]/)
    const head = (end < 0 ? url : url.slice(0, end)).replaceAll(userInfo, `//${hidden}@`)
    return end < 0 ? this.path(head) : `${this.path(head)}${url[end]}${this.query(url.slice(end + 1))}`
  }

  /** Also of `user[password]` and `user.password`, which many frameworks take apart, and with signs that some leave out. */
  #hides(key: string): boolean {
    const plain = bytesOf(key).trim().toLowerCase()
    if (this.#keys.has(plain)) return true
    if (this.#guesses && looksSecret(plain)) return true
    if (!/[^\w-]/.test(plain)) return false
    return plain.split(/[^\w-]+/).some((part) => this.#keys.has(part))
  }
}

function cut(text: string): string {
  return text.length <= maxLookedAt ? text : `${text.slice(0, maxLookedAt)}…`
}

/** Compared as numbers, as each call that is told goes through these loops. */
const sign = { hash: 0x23, and: 0x26, semicolon: 0x3b, equals: 0x3d, question: 0x3f } as const

function endOfKey(query: string, from: number): number {
  let at = from
  while (at < query.length && query.charCodeAt(at) !== sign.equals && !isSeparator(query.charCodeAt(at))) at++
  return at
}

function endOfValue(query: string, from: number): number {
  let at = from
  while (at < query.length && !isSeparator(query.charCodeAt(at))) at++
  return at
}

function endOfPair(query: string, from: number): number {
  const at = query.indexOf('&', from)
  return at < 0 ? query.length : at
}

/** Also where the value begins with something else than `=`: to those who do not know `;`, it is a part of the key. */
function isFollowed(query: string, keyEnd: number): boolean {
  return keyEnd < query.length && query[keyEnd] !== '&'
}

function isSeparator(code: number): boolean {
  return code === sign.and || code === sign.semicolon || code === sign.question || code === sign.hash
}

/** Names of keys are ASCII, so each byte by itself will do; a broken encoding is left as it is. */
function bytesOf(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text
  return text
    .replaceAll('+', ' ')
    .replaceAll(/%([\da-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
}
