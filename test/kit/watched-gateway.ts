import assert from 'node:assert/strict'
import type { ConfigInput } from '../../src/config/schema.ts'
import { ask } from './ask.ts'
import { type OpenGateway, type Scene, upstreamOf } from './gateway.ts'

/** A gateway, and the request lines and bodies that reached its target. */
export async function watchedGateway(scene: Scene, listen: ConfigInput['listen'] = {}, options: object = {}) {
  const seen: string[] = []
  const target = await scene.target((message, response) => {
    let body = ''
    message.on('data', (chunk) => {
      body += chunk
    })
    message.on('end', () => {
      seen.push(`${message.method} ${message.url} ${body}`.trim())
      response.end('served')
    })
  })
  const gateway = await scene.gateway({
    listen,
    upstreams: upstreamOf(target),
    routes: [{ match: '/*', forward: { upstream: 'work', ...options } }],
  })
  return { gateway, seen, target }
}

/** Checks that the gateway still serves the next request. */
export async function servesOn({ url, gateway }: OpenGateway): Promise<void> {
  assert.equal((await ask(url)).body, 'served')
  assert.equal(await gateway.view.inFlight(), 0)
}
