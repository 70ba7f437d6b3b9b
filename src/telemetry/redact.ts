/** Replaces hidden text. */
export const hidden = '***'

/** Headers that are always hidden, whatever the configuration. */
const secretFields = ['authorization', 'cookie', 'proxy-authorization', 'set-cookie']
/**
 * The token in a callback URL: with it, anyone can answer in the backend's place. `callback/token-placement.ts` names
 * it too. Telemetry is a layer below the flows and cannot import the name, so a test compares the two.
 */
const secretKeys = ['callback']
/** The id after these paths gives access to the result of a call or the state of a write; the flows name them too. */
const secretPath = /\/_hedgerow\/+(?:tickets|deliveries)\/+(?=[^/])/i
/** Secret-looking names of headers and parameters, for stored requests that operators see. */
const secretName =
  /token|secret|key|password|passphrase|authorization|cookie|credential|signature|(?:^|[^a-z])(?:auth|sig|pwd|pass)$/i
/** The gateway's own header: it is not a credential. */
const openName = /^idempotency-key$/i
const userInfo = /\/\/[^/?#\s]*@/g

/** Longer texts are cut first: callers cut them for display anyway, and a client chooses their length. */
export const maxLookedAt = 8 * 1024

export interface RedactOptions {
  readonly headers: readonly string[]
  readonly query: readonly string[]
}

export function looksSecret(name: string): boolean {
  return secretName.test(name) && !openName.test(name)
}

/** Hides secrets in logs, in traces and on the dashboard. Methods never throw and take time linear in the text. */
export class Redaction {
  readonly #fields: ReadonlySet<string>
  readonly #keys: ReadonlySet<string>
  readonly #guesses: boolean

  /** `guesses`: also hide values by secret-looking names. */
  constructor({ headers, query }: RedactOptions, guesses = false) {
    this.#fields = new Set([...secretFields, ...headers.map((name) => name.toLowerCase())])
    this.#keys = new Set([...secretKeys, ...query.map((key) => key.toLowerCase())])
    this.#guesses = guesses
  }

  hidesField(name: string): boolean {
    return this.#fields.has(name.toLowerCase()) || (this.#guesses && looksSecret(name))
  }

  /** A header value. It may be or contain a URL, as in `Referer`, `Link` or a header added by a proxy. */
  field(name: string, value: string): string {
    return this.hidesField(name) ? hidden : this.text(value)
  }

  /** Path and query of a request. */
  target(path: string, query: string): string {
    return query === '' ? this.path(path) : `${this.path(path)}?${this.query(query)}`
  }

  /** The path as sent, without the id of a ticket or delivery. */
  path(path: string): string {
    const looked = cut(path)
    // Nearly all paths have neither, and testing for that is cheaper than searching.
    if (!looked.includes('_') && !looked.includes('%')) return looked
    const found = secretPath.exec(looked)
    if (found !== null) return looked.slice(0, found.index + found[0].length) + hidden
    if (!looked.includes('%')) return looked
    const plain = bytesOf(looked)
    const spelt = secretPath.exec(plain)
    return spelt === null ? looked : plain.slice(0, spelt.index + spelt[0].length) + hidden
  }

  /**
   * The query as sent, with `***` for the values of these keys in any spelling. Some readers treat `;` as `&` and
   * others do not, so everything after a hidden key up to the next `&` may be its value. `?` and `#` start the query
   * and the fragment of a URL inside a value.
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

  /** Text that may be a URL, or contain URLs in angle brackets. */
  text(text: string): string {
    const looked = cut(text)
    return looked.replaceAll(/[^<>]+/g, (piece) => this.#url(piece))
  }

  #url(url: string): string {
    const end = url.search(/[?#]/)
    const head = (end < 0 ? url : url.slice(0, end)).replaceAll(userInfo, `//${hidden}@`)
    return end < 0 ? this.path(head) : `${this.path(head)}${url[end]}${this.query(url.slice(end + 1))}`
  }

  /**
   * Also matches `user[password]` and `user.password`, which many frameworks parse, and spellings without separators.
   */
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

/** Compared as numbers, because every logged call runs through these loops. */
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

/**
 * Also if the value starts with a character other than `=`: readers that do not split at `;` see it as part of the key.
 */
function isFollowed(query: string, keyEnd: number): boolean {
  return keyEnd < query.length && query[keyEnd] !== '&'
}

function isSeparator(code: number): boolean {
  return code === sign.and || code === sign.semicolon || code === sign.question || code === sign.hash
}

/** Key names are ASCII, so bytes can be decoded one by one; a malformed encoding is left as is. */
function bytesOf(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text
  return text
    .replaceAll('+', ' ')
    .replaceAll(/%([\da-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
}
