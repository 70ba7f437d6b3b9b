import { Client } from 'undici'

/** Sends what the gateway itself has to tell (traces) to one address, on one connection that it keeps. */
export interface Poster {
  /** Rejects with the reason if it is not taken: anything but a 2xx. What the answer says besides is not looked at. */
  post(body: string | Uint8Array, signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** Of an answer that nobody reads; to read so much can keep the connection. */
const maxAnswerBytes = 64 * 1024

export function poster(url: string, headers: Readonly<Record<string, string>>): Poster {
  const { origin, pathname, search } = new URL(url)
  const client = new Client(origin)
  return {
    post: async (body, signal) => {
      const answer = await client.request({ method: 'POST', path: pathname + search, headers, body, signal })
      // It has been taken or not, whatever becomes of the rest.
      await answer.body.dump({ limit: maxAnswerBytes, signal }).catch(() => {})
      const { statusCode } = answer
      if (statusCode < 200 || statusCode > 299) throw new Error(`it was answered with ${statusCode}`)
    },
    close: () => client.destroy(),
  }
}
