import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Backend {
  readonly port: number
  /** The URL for the next callback. */
  nextCallbackUrl(): Promise<URL>
  close(): void
}

/** Answers at once; a request with a callback URL is only acknowledged. */
export async function openBackend(): Promise<Backend> {
  const urls: URL[] = []
  const takers: ((url: URL) => void)[] = []
  const server = createServer((message, response) => {
    message.resume().on('end', () => {
      response.end('{}')
      const text = message.headers['x-callback-url']
      if (typeof text !== 'string') return
      const taker = takers.shift()
      if (taker === undefined) urls.push(new URL(text))
      else taker(new URL(text))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    nextCallbackUrl: () => {
      const url = urls.shift()
      return url === undefined ? new Promise((resolve) => takers.push(resolve)) : Promise.resolve(url)
    },
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** Sends a request on a connection of its own, and gives the body of the answer. */
export function send(port: number, method: 'GET' | 'POST', path: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const message = request({ host: '127.0.0.1', port, method, path, agent: false }, (response) => {
    let text = ''
    response.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
    response.on('end', () => resolve(text)).on('error', reject)
  })
  message.on('error', reject).end(method === 'POST' ? 'a=1' : undefined)
  return promise
}
