import type { RefusalView } from '../admin/api.ts'
import { exitCodes } from './exit-codes.ts'

/** How to reach the admin API of a gateway. */
export interface AdminTarget {
  readonly admin: string
  readonly token?: string | undefined
}

/** Client of the admin API; prints errors to stderr and sets the exit code. */
export class AdminClient {
  readonly #base: URL
  readonly #headers: Readonly<Record<string, string>>

  private constructor(base: URL, headers: Readonly<Record<string, string>>) {
    this.#base = base
    this.#headers = headers
  }

  /** Returns undefined, after printing the error, if the URL or the token is invalid. */
  static to({ admin, token }: AdminTarget): AdminClient | undefined {
    const base = URL.parse(admin)
    if (base === null || base.protocol !== 'http:') {
      return badUsage(`--admin is ${JSON.stringify(admin)}; allowed: a URL such as http://127.0.0.1:9900`)
    }
    if (token === undefined) return new AdminClient(base, {})
    // The message never shows the token: it is a secret.
    if (!/^[\x21-\x7e]+$/.test(token)) return badUsage('the token contains characters that a header field cannot have')
    return new AdminClient(base, { authorization: `Bearer ${token}` })
  }

  /** Returns the answer, or undefined after printing why there is none. */
  async ask<T>(method: string, path: string): Promise<T | undefined> {
    let response: Response
    let text: string
    try {
      response = await fetch(new URL(path, this.#base), { method, headers: this.#headers })
      text = await response.text()
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
      return failed(
        `no gateway answers on ${this.#base.origin} (${cause}): set --admin to its admin address, or add an ` +
          '`admin` section to its configuration',
      )
    }
    if (response.headers.has('x-request-id')) {
      return failed(
        `${this.#base.origin} is the address for clients; set --admin to the admin address, on the port of \`admin\``,
      )
    }
    if (response.ok) {
      try {
        return JSON.parse(text) as T
      } catch {
        return failed(`${this.#base.origin} answers, but is not the admin side of a gateway`)
      }
    }
    if (response.status === 401) {
      const given = this.#headers['authorization'] === undefined
      return failed(
        given
          ? 'the admin side requires a token: set --token or HEDGEROW_ADMIN_TOKEN'
          : 'the token does not match `admin.token`',
      )
    }
    // The detail is about the request itself; for other statuses the status matters too.
    if (response.status === 422) return failed(detailOf(text))
    return failed(`the admin side answered ${response.status}: ${detailOf(text)}`)
  }
}

function badUsage(text: string): undefined {
  console.error(text)
  process.exitCode = exitCodes.badUsage
}

function failed(text: string): undefined {
  console.error(text)
  process.exitCode = exitCodes.runtimeError
}

function detailOf(text: string): string {
  try {
    const { detail, errors = [] } = JSON.parse(text) as RefusalView
    return [detail, ...errors].join('\n')
  } catch {
    return text.trim()
  }
}
