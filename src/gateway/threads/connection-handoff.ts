import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream'
import type { PeerAddress } from '../../kit/handed-socket.ts'

/**
 * Where the kernel cannot deal connections out among several listeners (macOS, Windows): the main thread accepts them
 * and passes their bytes on, to each worker in turn, over a local socket that only this user can reach. Node has no way
 * to give an open socket to another thread. Every byte goes through here, which costs about as much again as a plain
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

  /** Where the next worker is to wait for its connections. */
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

  /** Takes no more connections; those that are open go on. */
  stop(): void {
    this.#server.close()
  }

  close(): void {
    this.#server.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** A worker that is gone and not yet taken off the list is passed over. */
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
      // Whichever ends badly ends the other.
      pipeline(client, worker, (fault) => fault && client.destroy())
      pipeline(worker, client, (fault) => fault && worker.destroy())
      worker.once('close', () => client.destroySoon())
      client.once('close', () => worker.destroySoon())
    })
  }
}

/** In front of the client's own bytes: who it is. */
function preface(peer: PeerAddress): string {
  return `${JSON.stringify(peer)}\n`
}

const longestPreface = 200
const lineFeed = 0x0a

/** Waits at the path for connections that are handed out; resolves once it listens. */
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
