import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One request, as a target received it. */
export interface Receipt {
  readonly user: string
  readonly number: number
  readonly key: string
  readonly attempt: number
  readonly status: number
  readonly atMs: number
}

/** A target that records all requests in order, and fails one in five. */
export class RecordingTarget {
  readonly name: string
  readonly receipts: Receipt[] = []
  readonly #server: Server
  #count = 0
  #port = 0

  constructor(name: string, skips: boolean) {
    this.name = name
    this.#server = createServer((request, response) => {
      let text = ''
      request.on('data', (chunk: Buffer) => {
        text += chunk.toString()
      })
      request.on('end', () => {
        const form = new URLSearchParams(text)
        const status = skips && ++this.#count % 5 === 0 ? 500 : 201
        this.receipts.push({
          user: form.get('username') ?? '',
          number: Number(form.get('n')),
          key: String(request.headers['idempotency-key']),
          attempt: Number(request.headers['x-hedgerow-attempt']),
          status,
          atMs: performance.now(),
        })
        response.writeHead(status, { 'content-length': 2 }).end('ok')
      })
    })
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    this.#port = (this.#server.address() as AddressInfo).port
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }
}
