import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Server, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import type { PeerAddress } from '../../kit/handed-socket.ts'
import { HandOut, receiveHanded } from './connection-handoff.ts'

interface Worker {
  readonly path: string
  readonly server: Server
  readonly taken: { readonly socket: Socket; readonly peer: PeerAddress }[]
}

async function sceneOf(t: TestContext, count: number) {
  const handOut = await HandOut.open({ host: '127.0.0.1', port: 0 })
  t.after(() => handOut.close())
  const workers: Worker[] = []
  for (let i = 0; i < count; i++) {
    const path = handOut.newPath()
    const taken: Worker['taken'] = []
    const server = await receiveHanded(path, (socket, peer) => {
      taken.push({ socket, peer })
      t.after(() => socket.destroy())
    })
    t.after(() => server.close())
    handOut.add(path)
    workers.push({ path, server, taken })
  }
  const client = async (): Promise<Socket> => {
    const socket = connect(handOut.address.port, '127.0.0.1')
    t.after(() => socket.destroy())
    await once(socket, 'connect')
    return socket
  }
  return { handOut, workers, client }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate)
}

describe('HandOut', () => {
  it('gives each connection to the next worker, with the client address', async (t) => {
    const { workers, client } = await sceneOf(t, 2)
    const ports = [(await client()).localPort, (await client()).localPort]
    await until(() => workers.every(({ taken }) => taken.length === 1))
    const peers = workers.map(({ taken }) => taken[0]?.peer)
    assert.deepEqual(
      peers,
      ports.map((remotePort) => ({ remoteAddress: '127.0.0.1', remotePort })),
    )
  })

  it('passes bytes on in both directions, including the first ones, and each end', async (t) => {
    const { workers, client } = await sceneOf(t, 1)
    const socket = await client()
    socket.end('asked')
    await until(() => workers[0]?.taken.length === 1)
    const { socket: worker } = (workers[0] as Worker).taken[0] as { socket: Socket }
    let heard = ''
    worker.on('data', (chunk) => {
      heard += String(chunk)
    })
    worker.resume()
    await once(worker, 'end')
    worker.end('answered')
    const [answer] = (await once(socket, 'data')) as [Buffer]
    assert.deepEqual([heard, String(answer)], ['asked', 'answered'])
    await once(socket, 'close')
  })

  it('skips a worker that is gone', async (t) => {
    const { workers, client } = await sceneOf(t, 2)
    const [gone, there] = workers as [Worker, Worker]
    gone.server.close()
    await once(gone.server, 'close')
    await Promise.all([client(), client(), client()])
    await until(() => there.taken.length === 3)
    assert.equal(gone.taken.length, 0)
  })

  it('closes the client connection when its worker closes, and the reverse', async (t) => {
    const { workers, client } = await sceneOf(t, 1)
    const [first, second] = [await client(), await client()]
    await until(() => workers[0]?.taken.length === 2)
    const { taken } = workers[0] as Worker
    const workerOf = ({ localPort }: Socket) =>
      taken.find(({ peer }) => peer.remotePort === localPort)?.socket as Socket
    first.resume()
    workerOf(first).destroy()
    await once(first, 'close')
    const ended = once(workerOf(second), 'end')
    workerOf(second).resume()
    second.resetAndDestroy()
    await ended
  })
})
