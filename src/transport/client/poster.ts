/** Sends what the gateway itself has to tell (traces) to one address. */
export interface Poster {
  /** Rejects with the reason if it is not taken: anything but a 2xx, redirects included. Ignores the answer's body. */
  post(body: string | Uint8Array, signal: AbortSignal): Promise<void>
}

/** Of an answer that nobody reads; one that goes on has its connection closed. */
const maxAnswerBytes = 64 * 1024

/**
 * Each post has a connection of its own: none is left when the gateway has ended, and none breaks because the collector
 * closed it in the meantime. Not by `fetch`: after an aborted request it connects anew and keeps that connection.
 */
export function poster(url: string, headers: Readonly<Record<string, string>>): Poster {
  // Not imported: TLS takes 8 MiB, which a collector without it need not cost.
  const { request } = url.startsWith('https:')
    ? process.getBuiltinModule('node:https')
    : process.getBuiltinModule('node:http')
  return {
    post: (body, signal) =>
      new Promise((resolve, reject) => {
        const outgoing = request(url, { method: 'POST', headers, agent: false, signal })
        outgoing.once('error', reject)
        outgoing.once('response', (answer) => {
          // The collector has decided; what becomes of the rest of its answer changes nothing.
          for (const stream of [outgoing, answer]) stream.removeListener('error', reject).on('error', () => {})
          const { statusCode = 0 } = answer
          answer.once('close', () => {
            if (statusCode >= 200 && statusCode <= 299) resolve()
            else reject(new Error(`it was answered with ${statusCode}`))
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
