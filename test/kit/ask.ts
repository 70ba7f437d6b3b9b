import { type Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http'
import type { Readable } from 'node:stream'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly body: string
  readonly trailers: NodeJS.Dict<string>
  /** Milliseconds from the request to the last byte. */
  readonly ms: number
}

export interface AskOptions {
  readonly method?: string
  readonly headers?: OutgoingHttpHeaders
  readonly body?: string | Uint8Array | Readable
  readonly signal?: AbortSignal
  /** Without an agent the request opens its own connection. */
  readonly agent?: Agent
  readonly onData?: (chunk: Buffer) => void
}

/** Sends one request over a real socket. Rejects unless a complete answer arrives. */
export function ask(url: string, options: AskOptions = {}): Promise<Answer> {
  const startedMs = performance.now()
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, signal, agent = false, body } = options
    const asked = request(url, { method, headers, agent, ...(signal === undefined ? {} : { signal }) })
    asked.on('error', reject)
    asked.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        options.onData?.(chunk)
      })
      response.on('error', reject)
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          rawHeaders: response.rawHeaders,
          body: Buffer.concat(chunks).toString(),
          trailers: response.trailers,
          ms: performance.now() - startedMs,
        })
      })
    })
    if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) asked.end(body)
    else body.on('error', reject).pipe(asked)
  })
}

export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  readonly requestId: string
  readonly attempts?: readonly { readonly target: string; readonly ms: number; readonly outcome: string }[]
}

export function problemOf({ body }: { readonly body: string }): Problem {
  return JSON.parse(body) as Problem
}
