/** In the place of what is hidden. */
export const hidden = '***'

/** Fields whose values are never shown, whatever the configuration says. */
const secretFields = ['authorization', 'cookie', 'proxy-authorization', 'set-cookie']

export interface RedactOptions {
  readonly headers: readonly string[]
  readonly query: readonly string[]
}

/** What must not be seen in logs, traces and on the dashboard. */
export class Redaction {
  readonly #fields: ReadonlySet<string>
  readonly #keys: ReadonlySet<string>

  constructor({ headers, query }: RedactOptions) {
    this.#fields = new Set([...secretFields, ...headers.map((name) => name.toLowerCase())])
    this.#keys = new Set(query.map((key) => key.toLowerCase()))
  }

  hidesField(name: string): boolean {
    return this.#fields.has(name.toLowerCase())
  }

  /** A query as it was sent, with `***` for the values of these keys, however they are spelt. */
  readonly query = (query: string): string => {
    if (query === '' || this.#keys.size === 0) return query
    let shown = ''
    for (let start = 0; start <= query.length; ) {
      const next = query.indexOf('&', start)
      const end = next < 0 ? query.length : next
      if (start > 0) shown += '&'
      shown += this.#pair(query.slice(start, end))
      start = end + 1
    }
    return shown
  }

  #pair(pair: string): string {
    const equals = pair.indexOf('=')
    if (equals < 0) return pair
    if (this.#hides(pair.slice(0, equals))) return pair.slice(0, equals + 1) + hidden
    const semicolon = pair.indexOf(';')
    // Some take `;` for `&`. Others do not, so what follows a key that is hidden may all be its value.
    return semicolon < 0 ? pair : `${pair.slice(0, semicolon + 1)}${this.#pair(pair.slice(semicolon + 1))}`
  }

  /** Also of `user[password]` and `user.password`, which many frameworks take apart. */
  #hides(key: string): boolean {
    const plain = decoded(key).trim().toLowerCase()
    if (this.#keys.has(plain)) return true
    if (!/[.[]/.test(plain)) return false
    return plain.split(/[.[\]]+/).some((part) => this.#keys.has(part))
  }
}

/** Names of keys are ASCII, so each byte by itself will do; a broken encoding is left as it is. */
function decoded(key: string): string {
  if (!key.includes('%') && !key.includes('+')) return key
  return key
    .replaceAll('+', ' ')
    .replaceAll(/%([\da-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
}
