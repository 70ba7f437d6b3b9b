import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ConfigInput } from '../../src/config/schema.ts'
import type { AccessFacts } from '../../src/telemetry/access-log/access-line.ts'
import { ask } from '../kit/ask.ts'
import { controlCharactersIn } from '../kit/control-characters.ts'
import { openScene, type Scene, upstreamOf } from '../kit/gateway.ts'
import { until } from '../kit/until.ts'

async function logged(scene: Scene, log: NonNullable<ConfigInput['telemetry']>['log'], change: ConfigInput = {}) {
  const lines: string[] = []
  const work = await scene.target((message, response) => {
    response.setHeader('set-cookie', 'session=s3cret')
    response.writeHead(message.url === '/bad' ? 500 : 200).end('served')
  })
  const gateway = await scene.gateway(
    {
      upstreams: upstreamOf(work),
      routes: [{ match: '/*', forward: { upstream: 'work' } }],
      ...change,
      telemetry: { log },
    },
    { logLine: (line) => lines.push(line) },
  )
  const facts = async (count: number) => {
    await until(
      () => `${count} lines: ${lines.join('')}`,
      () => lines.length >= count,
    )
    return lines.map((line) => JSON.parse(line) as AccessFacts)
  }
  return { ...gateway, lines, facts }
}

describe('the access log of a gateway', () => {
  it('has a line for each call: served, failed, refused, and without a route', async (t) => {
    const { url, facts } = await logged(
      openScene(t),
      { access: true },
      { routes: [{ match: 'GET /*', forward: { upstream: 'work' } }] },
    )
    await ask(`${url}/good?a=1`)
    await ask(`${url}/bad`)
    await ask(`${url}/good`, { method: 'DELETE' })
    const lines = await facts(3)
    assert.deepEqual(
      lines.map(({ level, url: of, status, failure, route, client }) => [level, of, status, failure, route, client]),
      [
        ['info', '/good?a=1', 200, undefined, 'GET /*', '127.0.0.1'],
        ['warn', '/bad', 500, undefined, 'GET /*', '127.0.0.1'],
        ['info', '/good', 405, 'METHOD_NOT_ALLOWED', 'none', '127.0.0.1'],
      ],
    )
    assert.deepEqual(
      lines[0]?.attempts.map(({ target, outcome, won }) => [target, outcome, won]),
      [['target-1', 'success', true]],
    )
  })

  it('shows no secret, and stays on one line, whatever the request contains', async (t) => {
    const scene = openScene(t)
    const names = ['authorization', 'cookie', 'set-cookie', 'proxy-authorization', 'x-key', 'x-evil']
    const gateway = await logged(scene, {
      access: true,
      headers: names,
      redact: { headers: ['x-key'], query: ['k[1]', 'key'] },
    })
    const wire = await scene.wire(gateway)
    const head =
      'GET /a%0a%1b[2J"\\?%6bey=s3cret&b=%0d HTTP/1.1\r\nHost: x\r\nX-Evil: a\t"\u009b\u00e9\r\n' +
      'Authorization: Bearer s3cret\r\nCookie: s3cret\r\nProxy-Authorization: s3cret\r\nX-Key: s3cret\r\n\r\n'
    wire.send(Buffer.from(head, 'latin1'))
    assert.equal((await gateway.facts(1))[0]?.url, '/a%0a%1b[2J"\\?%6bey=***&b=%0d')
    wire.destroy()
    await ask(`${gateway.url}/?key=s3cret`, {
      headers: { authorization: 's3cret', 'x-key': 's3cret', cookie: 'a=s3cret' },
    })
    const facts = await gateway.facts(2)
    for (const line of gateway.lines) {
      assert.deepEqual(controlCharactersIn(line), ['U+000a'])
      assert.ok(!line.includes('s3cret'), line)
    }
    assert.deepEqual(facts.at(-1)?.headers, { authorization: '***', cookie: '***', 'x-key': '***' })
  })

  it('takes the client address from a trusted proxy only', async (t) => {
    const scene = openScene(t)
    const trusting = await logged(scene, { access: true }, { trust: ['127.0.0.1'] })
    const wary = await logged(scene, { access: true })
    const headers = { 'x-forwarded-for': '192.0.2.7, 198.51.100.9' }
    await ask(trusting.url, { headers })
    await ask(wary.url, { headers })
    assert.equal((await trusting.facts(1))[0]?.client, '198.51.100.9')
    assert.equal((await wary.facts(1))[0]?.client, '127.0.0.1')
  })

  it('is absent unless configured', async (t) => {
    const { url, lines } = await logged(openScene(t), {})
    await ask(url)
    assert.deepEqual(lines, [])
  })
})
