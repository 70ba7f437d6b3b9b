import { connect, type Socket } from 'node:net'
import { until, within } from './until.ts'

/** A message read from a connection: head and body. */
export interface Message {
  /** `HTTP/1.1 200 OK`, or `GET / HTTP/1.1`. */
  readonly startLine: string
  /** 0 for a request. */
  readonly status: number
  /** Names in lower case, values in the order received. */
  readonly headers: ReadonlyMap<string, readonly string[]>
  readonly head: string
  readonly body: string
}

/** One end of a connection, byte for byte: for input that a well-behaved client or server never sends. */
export class Wire {
  readonly socket: Socket
  readonly #chunks: Buffer[] = []
  #bytes = 0
  /** Number of received bytes that have been consumed. */
  #taken = 0
  #isClosed = false
  #hasEnded = false
  error: Error | undefined

  constructor(socket: Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk)
      this.#bytes += chunk.length
    })
    socket.on('end', () => {
      this.#hasEnded = true
    })
    socket.on('error', (error) => {
      this.error = error
    })
    socket.on('close', () => {
      this.#isClosed = true
    })
  }

  static async open(port: number): Promise<Wire> {
    const socket = connect({ port, host: '127.0.0.1' })
    const wire = new Wire(socket)
    await until('connected', () => wire.isClosed || !socket.connecting)
    return wire
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** The other end has ended the connection. */
  get hasEnded(): boolean {
    return this.#hasEnded || this.#isClosed
  }

  get bytesReceived(): number {
    return this.#bytes
  }

  /** Received bytes not yet consumed as a message, one character per byte. */
  get text(): string {
    return Buffer.concat(this.#chunks).toString('latin1').slice(this.#taken)
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  }

  async receives(part: string): Promise<void> {
    await until(
      () => `received ${JSON.stringify(part)}; it has ${JSON.stringify(this.text.slice(0, 500))}`,
      () => {
        const { text, hasEnded } = this
        if (hasEnded && !text.includes(part)) throw new Error(`the connection ended before ${JSON.stringify(part)}`)
        return text.includes(part)
      },
    )
  }

  /** Reads the next message: to its length, its last chunk, or (an answer with neither) the end of the connection. */
  async message(options: { readonly hasNoBody?: boolean } = {}): Promise<Message> {
    let parsed: { readonly message: Message; readonly length: number } | undefined
    await until(
      () => `a whole message; it has ${JSON.stringify(this.text.slice(0, 500))}`,
      () => {
        const { hasEnded } = this
        parsed = parse(this.text, hasEnded, options.hasNoBody === true)
        if (parsed === undefined && hasEnded) {
          throw new Error(`the connection ended before a message was whole: ${JSON.stringify(this.text.slice(0, 500))}`)
        }
        return parsed !== undefined
      },
      5000,
    )
    if (parsed === undefined) throw new Error('unreachable')
    this.#taken += parsed.length
    return parsed.message
  }

  async closed(limitMs = 3000): Promise<void> {
    await until('the connection is closed by the other end', () => this.hasEnded, limitMs)
  }

  destroy(): void {
    this.socket.destroy()
  }

  async whenClosed(): Promise<void> {
    if (this.#isClosed) return
    await within(3000, 'closed', new Promise<void>((resolve) => this.socket.once('close', () => resolve())))
  }
}

function parse(text: string, hasEnded: boolean, hasNoBody: boolean) {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const head = text.slice(0, end)
  const [startLine = '', ...lines] = head.split('\r\n')
  const headers = new Map<string, string[]>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()])
  }
  const status = Number(/^HTTP\/1\.\d (\d{3})/.exec(startLine)?.[1] ?? 0)
  const rest = text.slice(end + 4)
  const body = bodyOf(rest, { headers, hasEnded, status, hasNoBody })
  if (body === undefined) return undefined
  return { message: { startLine, status, headers, head, body: body.text }, length: end + 4 + body.length }
}

interface BodyFacts {
  readonly headers: ReadonlyMap<string, readonly string[]>
  readonly hasEnded: boolean
  readonly status: number
  readonly hasNoBody: boolean
}

function bodyOf(rest: string, facts: BodyFacts): { readonly text: string; readonly length: number } | undefined {
  const { headers, status } = facts
  const isBodiless = facts.hasNoBody || status === 204 || status === 304 || (status >= 100 && status < 200)
  if (isBodiless) return { text: '', length: 0 }
  if (headers.get('transfer-encoding')?.includes('chunked')) return chunked(rest)
  const declared = headers.get('content-length')?.[0]
  if (declared === undefined && status === 0) return { text: '', length: 0 }
  if (declared === undefined) return facts.hasEnded ? { text: rest, length: rest.length } : undefined
  const length = Number(declared)
  return rest.length >= length ? { text: rest.slice(0, length), length } : undefined
}

function chunked(rest: string): { readonly text: string; readonly length: number } | undefined {
  let at = 0
  let text = ''
  for (;;) {
    const line = rest.indexOf('\r\n', at)
    if (line < 0) return undefined
    const size = Number.parseInt(rest.slice(at, line), 16)
    if (size === 0) {
      const end = rest.indexOf('\r\n\r\n', line)
      return end < 0 ? undefined : { text, length: end + 4 }
    }
    if (rest.length < line + 2 + size + 2) return undefined
    text += rest.slice(line + 2, line + 2 + size)
    at = line + 2 + size + 2
  }
}
