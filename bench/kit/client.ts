import { connect, type Socket } from 'node:net'

export interface Answer {
  readonly status: number
  readonly body: string
  readonly ms: number
}

interface Asked {
  readonly atMs: number
  readonly settle: (answer: Answer) => void
}

/** One pipelining connection: does as little work as possible, as it shares a core with a backend. */
export class Client {
  readonly #socket: Socket
  /** Oldest first, as answers arrive in that order. */
  readonly #asked: Asked[] = []
  #text = ''

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (text) => this.#received(String(text)))
    socket.on('close', () => {
      for (const asked of this.#asked.splice(0)) answer(asked, 0, 'closed')
    })
    socket.on('error', () => {})
  }

  static connected(port: number): Promise<Client> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => resolve(new Client(socket)))
      socket.once('error', reject)
    })
  }

  ask(target: string): Promise<Answer> {
    return this.#send(`GET ${target} HTTP/1.1\r\nHost: front\r\n\r\n`)
  }

  post(target: string, body: string): Promise<Answer> {
    const fields = `Host: front\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`
    return this.#send(`POST ${target} HTTP/1.1\r\n${fields}\r\n\r\n${body}`)
  }

  #send(request: string): Promise<Answer> {
    this.#socket.write(request)
    return new Promise((settle) => this.#asked.push({ atMs: performance.now(), settle }))
  }

  close(): void {
    this.#socket.destroy()
  }

  #received(text: string): void {
    this.#text += text
    for (;;) {
      const head = this.#text.indexOf('\r\n\r\n')
      const length = Number(/content-length: (\d+)/i.exec(this.#text)?.[1] ?? Number.NaN)
      const end = head + 4 + length
      const [asked] = this.#asked
      if (head < 0 || this.#text.length < end || asked === undefined) return
      this.#asked.shift()
      answer(asked, Number(this.#text.slice(9, 12)), this.#text.slice(head + 4, end))
      this.#text = this.#text.slice(end)
    }
  }
}

function answer({ atMs, settle }: Asked, status: number, body: string): void {
  settle({ status, body, ms: performance.now() - atMs })
}
