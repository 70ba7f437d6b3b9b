import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { hasProgram } from '../../bench/kit/processes.ts'
import { onStage } from '../../bench/kit/stage.ts'
import { allPeers, choosePeers } from '../../bench/peers/all.ts'
import type { Peer } from '../../bench/peers/peer.ts'

describe('the proxies that Hedgerow is compared with', () => {
  for (const peer of allPeers) {
    it(`${peer.name} does the same work as the others`, { skip: missing(peer) }, async () => {
      const seen: IncomingMessage[] = []
      const backend = createServer((request, response) => {
        seen.push(request)
        response.end('{"a":1}')
      })
      backend.listen(0, '127.0.0.1')
      await once(backend, 'listening')
      const { port: backendPort } = backend.address() as AddressInfo
      try {
        const ids = await onStage(async (stage) => {
          const { port } = await peer.start(0, { stage, backendPort })
          return [await ask(port), await ask(port)]
        })
        const [first, second] = seen as [IncomingMessage, IncomingMessage]
        assert.equal(first.headers['x-forwarded-for'], '127.0.0.1')
        assert.deepEqual(ids, [first.headers['x-request-id'], second.headers['x-request-id']])
        assert.notEqual(ids[0], ids[1])
        assert.equal(first.socket.remotePort, second.socket.remotePort, 'the connection to the backend is kept')
      } finally {
        backend.closeAllConnections()
        backend.close()
      }
    })
  }
})

it('lists the skipped proxies, and what to install', () => {
  const { peers, leftOut } = choosePeers(undefined, (program) => program !== 'haproxy')
  assert.deepEqual(leftOut, ['HAProxy: haproxy is not installed (apt-get install haproxy)'])
  assert.equal(peers.length, allPeers.length - 1)
  assert.deepEqual(choosePeers(['nginx'], () => true).peers, [allPeers[0]])
})

async function ask(port: number): Promise<string | null> {
  const response = await fetch(`http://127.0.0.1:${port}/api/work`)
  assert.equal(await response.text(), '{"a":1}')
  return response.headers.get('x-request-id')
}

function missing({ needs }: Peer): string | false {
  if (!hasProgram('taskset')) return 'needs taskset, which is on Linux only'
  const program = needs.find(({ name }) => !hasProgram(name))
  return program === undefined ? false : `needs ${program.name}`
}
