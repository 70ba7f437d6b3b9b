import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { LiveFigures } from '../../src/admin/api.ts'
import { maxStreams } from '../../src/admin/live-streams.ts'
import { adminUrl } from '../kit/admin.ts'
import { ask } from '../kit/ask.ts'
import { openScene } from '../kit/gateway.ts'
import { until, within } from '../kit/until.ts'

const asking = 'GET /api/live HTTP/1.1\r\nHost: localhost\r\n\r\n'

describe('/api/live', () => {
  it('sends the figures at once and then every second, and ends when the gateway drains', async (t) => {
    const scene = openScene(t)
    const { gateway, url } = await scene.gateway({ admin: { port: 0 }, index: true })
    const admin = { port: Number(new URL(adminUrl(gateway)).port) }
    const reader = await scene.wire(admin)
    reader.send(asking)
    await reader.receives('event: figures')
    assert.match(reader.text, /content-type: text\/event-stream/i)
    assert.match(reader.text, /content-security-policy/i)
    await ask(url)
    await until('a second with the call', () => /"calls":1/.test(reader.text))
    const events = reader.text.match(/^data: .*$/gm) ?? []
    const figures = JSON.parse(events.at(-1)?.slice(6) ?? '') as LiveFigures
    assert.equal(figures.routes['page']?.calls, 1)
    const draining = gateway.drain()
    await reader.receives('event: end')
    await within(1000, 'drained', draining)
    await reader.closed()
  })

  it('limits the number of readers, and admits another when one leaves', async (t) => {
    const scene = openScene(t)
    const { gateway } = await scene.gateway({ admin: { port: 0 } })
    const url = adminUrl(gateway)
    const admin = { port: Number(new URL(url).port) }
    const readers = await Promise.all(Array.from({ length: maxStreams }, () => scene.wire(admin)))
    for (const reader of readers) reader.send(asking)
    for (const reader of readers) await reader.receives('event: figures')
    const refused = await ask(`${url}/api/live`)
    assert.deepEqual([refused.status, refused.headers['retry-after']], [503, '10'])
    assert.match(refused.body, new RegExp(`${maxStreams} readers`))
    readers[0]?.destroy()
    const late = await scene.wire(admin)
    await until('there is room', async () => {
      late.send('HEAD /api/live HTTP/1.1\r\nHost: localhost\r\n\r\n')
      return / 200 OK/.test(late.text.slice(late.text.lastIndexOf('HTTP/1.1')))
    })
  })
})
