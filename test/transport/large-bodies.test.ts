import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { request } from 'node:http'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type OpenGateway, openScene, upstreamOf } from '../kit/gateway.ts'

/** More than the kernel buffers for a client that does not read. */
const bytes = 12 * 1024 * 1024 + 17

interface Fetched {
  readonly length: number
  readonly hash: string
}

/** `pauseMs`: delay before reading, so that the gateway has to wait. `until`: bytes after which the client hangs up. */
function fetchBody({ url }: OpenGateway, path: string, { pauseMs = 0, until = Number.POSITIVE_INFINITY } = {}) {
  return new Promise<Fetched>((resolve, reject) => {
    const asked = request(`${url}${path}`, { agent: false }, async (response) => {
      const hash = createHash('sha256')
      let length = 0
      try {
        if (pauseMs > 0) await sleep(pauseMs)
        for await (const chunk of response) {
          hash.update(chunk as Buffer)
          length += (chunk as Buffer).length
          if (length > until) break
        }
        resolve({ length, hash: hash.digest('hex') })
      } catch (error) {
        reject(error)
      }
    })
    asked.on('error', reject)
    asked.end()
  })
}

describe('large answers', () => {
  it('arrive byte for byte at many concurrent clients, fast and slow, while other clients hang up', async (t) => {
    const scene = openScene(t)
    const bodies = Array.from({ length: 4 }, () => randomBytes(bytes))
    const target = await scene.target((message, response) => {
      const [, coding, number] = /^\/(\w+)\/(\d)$/.exec(message.url ?? '') ?? []
      const body = bodies[Number(number)] as Buffer
      if (coding === 'plain') response.end(body)
      else {
        // Chunks of all sizes, so that many share one read.
        let from = 0
        for (let size = 1; from < body.length; size = (size * 7) % 70_001) {
          response.write(body.subarray(from, from + size))
          from += size
        }
        response.end()
      }
    })
    const gateway = await scene.gateway({
      upstreams: upstreamOf(target),
      routes: [{ match: 'GET /*', forward: { upstream: 'work' } }],
    })
    const hashes = bodies.map((body) => createHash('sha256').update(body).digest('hex'))
    const all = Array.from({ length: 24 }, async (_, place) => {
      const number = place % 4
      const path = `/${place % 3 === 0 ? 'chunked' : 'plain'}/${number}`
      if (place % 10 === 9) return void (await fetchBody(gateway, path, { until: bytes / 2 }))
      const { length, hash } = await fetchBody(gateway, path, { pauseMs: place % 2 === 0 ? 300 : 0 })
      assert.deepEqual([length, hash], [bytes, hashes[number]])
    })
    await Promise.all(all)
  })
})
