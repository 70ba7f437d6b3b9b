import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream'
import type { PeerAddress } from '../../kit/handed-socket.ts'

/**
 * For systems whose kernel cannot distribute connections among several listeners (macOS, Windows): the main thread
 * accepts them and passes their bytes to each worker in turn, over a local socket that only this user can reach. Node
 * cannot give an open socket to another thread. Passing every byte through here costs about as much again as a plain
 * call.
 */
export class HandOut {
  readonly address: AddressInfo
  readonly #server: Server
  readonly #folder: string
  readonly #paths: string[] = []
  #turn = 0
  #lastPath = 0

  private constructor(server: Server, folder: string) {
    this.#server = server
    this.#folder = folder
    this.address = server.address() as AddressInfo
    server.on('connection', (socket) => this.#give(socket))
  }

  static open({ host, port }: { readonly host: string; readonly port: number }): Promise<HandOut> {
    const server = createServer({ allowHalfOpen: true, noDelay: true })
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host, port, backlog: 4096 }, () => {
        server.off('error', reject)
        resolve(new HandOut(server, mkdtempSync(join(tmpdir(), 'hedgerow-'))))
      })
    })
  }

  /** A path where the next worker can listen for its connections. */
  newPath(): string {
    const name = `worker-${++this.#lastPath}`
    return process.platform === 'win32' ? `\\\\.\\pipe\\${this.#folder}-${name}` : join(this.#folder, name)
  }

  add(path: string): void {
    if (!this.#paths.includes(path)) this.#paths.push(path)
  }

  remove(path: string | undefined): void {
    const place = path === undefined ? -1 : this.#paths.indexOf(path)
    if (place >= 0) this.#paths.splice(place, 1)
  }

  /** Accepts no new connections; open ones continue. */
  stop(): void {
    this.#server.close()
  }

  close(): void {
    this.#server.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** Skips a worker that is gone but still on the list. */
  #give(client: Socket, tries = this.#paths.length): void {
    const { remoteAddress, remotePort } = client
    const path = this.#paths[this.#turn++ % this.#paths.length]
    client.on('error', () => client.destroy())
    if (path === undefined || tries === 0 || remoteAddress === undefined || remotePort === undefined) {
      client.destroy()
      return
    }
    const worker = connect({ path, allowHalfOpen: true })
    const onRefused = (): void => this.#give(client, tries - 1)
    worker.once('error', onRefused)
    worker.once('connect', () => {
      worker.off('error', onRefused)
      worker.write(preface({ remoteAddress, remotePort }))
      // An error on either side ends the other.
      pipeline(client, worker, (fault) => fault && client.destroy())
      pipeline(worker, client, (fault) => fault && worker.destroy())
      worker.once('close', () => client.destroySoon())
      client.once('close', () => worker.destroySoon())
    })
  }
}

/** Sent ahead of the client's own bytes, to identify the client. */
function preface(peer: PeerAddress): string {
  return `${JSON.stringify(peer)}\n`
}

const longestPreface = 200
const lineFeed = 0x0a

/** Listens at the path for handed-out connections; resolves once it listens. */
export function receiveHanded(path: string, take: (socket: Socket, peer: PeerAddress) => void): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let bytes = Buffer.alloc(0)
    socket.on('error', () => socket.destroy())
    const read = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk])
      const end = bytes.indexOf(lineFeed)
      if (end < 0 && bytes.length < longestPreface) return
      socket.off('data', read)
      socket.pause()
      if (end < 0) {
        socket.destroy()
        return
      }
      const peer = JSON.parse(bytes.toString('latin1', 0, end)) as PeerAddress
      if (end + 1 < bytes.length) socket.unshift(bytes.subarray(end + 1))
      take(socket, peer)
    }
    socket.on('data', read)
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ path, backlog: 4096 }, () => {
      server.off('error', reject)
      resolve(server)
    })
  })
}
