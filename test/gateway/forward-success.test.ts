import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openScene, upstreamOf } from '../kit/gateway.ts'

describe('forward with success.json', () => {
  for (const [answer, status, expected] of [
    ['a 500 with text', 500, 500],
    ['a 204', 204, 204],
    ['a 200 with text', 200, 502],
  ] as const) {
    it(`gives ${expected} for ${answer}`, async (t) => {
      const scene = openScene(t)
      const target = await scene.target((_message, response) => {
        response.statusCode = status
        response.end(status === 204 ? undefined : 'text')
      })
      const { url } = await scene.gateway({
        upstreams: upstreamOf(target),
        routes: [{ match: 'GET /', forward: { upstream: 'work', success: { json: true } } }],
      })
      const given = await fetch(url, { headers: { connection: 'close' } })
      await given.text()
      assert.equal(given.status, expected)
    })
  }
})
