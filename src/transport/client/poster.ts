/** Sends the gateway's own reports (traces) to one address. */
export interface Poster {
  /** Rejects with the reason unless the answer is a 2xx; does not follow redirects. Ignores the answer's body. */
  post(body: string | Uint8Array, signal: AbortSignal): Promise<void>
}

/** Most bytes of an answer that are discarded; after more, the connection is closed. */
const maxAnswerBytes = 64 * 1024

/**
 * Each post has its own connection: none outlives the gateway, and none breaks because the collector closed it between
 * posts. Does not use `fetch`, which reconnects after an aborted request and keeps that connection.
 */
export function poster(url: string, headers: Readonly<Record<string, string>>): Poster {
  // Loaded on demand: TLS takes 8 MiB, and a collector without TLS does not need it.
  const { request } = url.startsWith('https:')
    ? process.getBuiltinModule('node:https')
    : process.getBuiltinModule('node:http')
  return {
    post: (body, signal) =>
      new Promise((resolve, reject) => {
        const outgoing = request(url, { method: 'POST', headers, agent: false, signal })
        outgoing.once('error', reject)
        outgoing.once('response', (answer) => {
          // The status decides; an error in the rest of the answer changes nothing.
          for (const stream of [outgoing, answer]) stream.removeListener('error', reject).on('error', () => {})
          const { statusCode = 0 } = answer
          answer.once('close', () => {
            if (statusCode >= 200 && statusCode <= 299) resolve()
            else reject(new Error(`the collector answered ${statusCode}`))
          })
          let bytes = 0
          answer.on('data', (chunk: Buffer) => {
            bytes += chunk.length
            if (bytes > maxAnswerBytes) answer.destroy()
          })
        })
        outgoing.end(body)
      }),
  }
}
