import { loginNeeded, token } from './session.ts'

/** An error from the admin API; status 0 if there was no answer, or none from the gateway. */
export class ApiFault extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.name = 'ApiFault'
    this.status = status
  }
}

export const noAnswer = 'The gateway does not answer.'

/** Sends a request to the admin API, with the token if there is one. Throws an `ApiFault` unless the status is 2xx. */
export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers)
  const bearer = token.get()
  if (bearer !== undefined && !headers.has('authorization')) headers.set('authorization', `Bearer ${bearer}`)
  const response = await fetch(path, { ...init, headers }).catch((fault: unknown) => {
    if (init.signal?.aborted === true) throw fault
    throw new ApiFault(0, noAnswer)
  })
  if (response.ok) return response
  if (response.status === 401) loginNeeded.set(true)
  throw new ApiFault(response.status, await faultText(response))
}

/** Also throws an `ApiFault` if the answer breaks off, or comes from a proxy in front of the gateway. */
export async function ask<T extends object>(path: string, init: RequestInit = {}): Promise<T> {
  const response = await request(path, init)
  const text = await response.text().catch((fault: unknown) => {
    if (init.signal?.aborted === true) throw fault
    throw new ApiFault(0, 'The answer of the gateway broke off.')
  })
  const value = parsed(text)
  if (typeof value === 'object' && value !== null) return value as T
  throw strangeAnswer(response)
}

/** Usually a proxy's login page. */
export function strangeAnswer(response: Response): ApiFault {
  const type = response.headers.get('content-type') ?? 'nothing'
  return new ApiFault(0, `The answer is not the gateway's, or was cut short: it sent ${type} that cannot be read.`)
}

/** Undefined if the text is not JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Sends a JSON merge patch. */
export function patch<T extends object>(path: string, change: object): Promise<T> {
  const headers = { 'content-type': 'application/merge-patch+json' }
  return ask<T>(path, { method: 'PATCH', headers, body: JSON.stringify(change) })
}

async function faultText(response: Response): Promise<string> {
  const text = (await response.text().catch(() => '')).trim()
  const said = parsed(text)
  if (typeof said === 'object' && said !== null) {
    const { detail, errors } = said as { detail?: string; errors?: readonly string[] }
    return detail ?? errors?.join('\n') ?? text
  }
  // An HTML page comes from a proxy, and is not a readable message.
  const isPage = text.startsWith('<')
  return text === '' || isPage ? `The gateway answered ${response.status}.` : text
}
