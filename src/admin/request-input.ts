import type { IncomingMessage } from 'node:http'
import { type Answer, refusal } from './answer.ts'

/** A value read from a request, or the answer that says what is allowed. */
export type Input<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Answer }

const maxBodyBytes = 1024 * 1024

/** A whole number from the query. */
export function wholeNumberIn(
  query: URLSearchParams,
  name: string,
  bounds: { readonly min: number; readonly max: number; readonly default: number },
): Input<number> {
  const given = query.get(name)
  if (given === null) return { ok: true, value: bounds.default }
  const value = /^\d{1,9}$/.test(given) ? Number(given) : Number.NaN
  if (value >= bounds.min && value <= bounds.max) return { ok: true, value }
  return notAllowed(name, given, `${bounds.min} to ${bounds.max}`)
}

/** One of several words from the query; undefined if absent. */
export function oneOfIn<T extends string>(
  query: URLSearchParams,
  name: string,
  words: readonly T[],
): Input<T | undefined> {
  const given = query.get(name)
  if (given === null) return { ok: true, value: undefined }
  const word = words.find((candidate) => candidate === given)
  return word === undefined ? notAllowed(name, given, words.join(', ')) : { ok: true, value: word }
}

export function notAllowed(name: string, given: string, allowed: string): Input<never> {
  return { ok: false, refusal: refusal(400, `${name} is "${given}"; allowed: ${allowed}`) }
}

/** The body as JSON. */
export async function jsonIn(request: IncomingMessage): Promise<Input<unknown>> {
  const body = await bodyOf(request)
  if (!body.ok) return body
  try {
    return { ok: true, value: JSON.parse(body.value.toString()) as unknown }
  } catch (error) {
    return invalid(`The body is not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** Uses events: leaving a `for await` loop would destroy the request and its connection before the answer. */
function bodyOf(request: IncomingMessage): Promise<Input<Buffer>> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= maxBodyBytes) chunks.push(chunk)
      else {
        // The rest is read and discarded until the answer is sent, because a reset could overtake the answer.
        chunks.length = 0
        resolve(invalid(`The body is larger than ${maxBodyBytes} bytes`))
      }
    })
    request.on('end', () => resolve({ ok: true, value: Buffer.concat(chunks) }))
    // The client has hung up: nobody reads this answer, and it is not a bug.
    const gone = (): void => resolve(invalid('The body is incomplete'))
    request.on('error', gone)
    request.on('close', gone)
  })
}

function invalid(detail: string): Input<never> {
  return { ok: false, refusal: refusal(400, detail) }
}
