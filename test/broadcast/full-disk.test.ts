import assert from 'node:assert/strict'
import { copyFileSync, rmSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { ask } from '../kit/ask.ts'
import { Scene } from '../kit/gateway.ts'
import { until } from '../kit/until.ts'
import { canMount, diskFor, fillDisk } from '../store/mounts.ts'
import { cleanup } from '../store/place.ts'

it('a gateway with a full disk starts, serves other routes, and delivers the writes of an earlier run', async (t) => {
  if (!canMount(t)) return
  const disk = diskFor(t, '3m')
  const scene = new Scene()
  cleanup(t, () => scene.close())
  const arrived: string[] = []
  let isUp = false
  const target = await scene.target(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    if (isUp && request.method === 'POST') arrived.push(body)
    response.writeHead(isUp || request.method === 'GET' ? 200 : 500).end()
  })
  const open = async (path: string) => {
    const lines: string[] = []
    const { gateway, url } = await scene.gateway(
      {
        store: { path },
        upstreams: { work: { targets: { work: target.url } } },
        routes: [
          { match: 'GET /read', forward: { upstream: 'work' } },
          {
            match: 'POST /write',
            broadcast: {
              upstream: 'work',
              respond: 'accepted',
              order: { by: 'target' },
              backoff: { base: '50ms', max: '100ms', jitter: '0ms' },
            },
          },
        ],
      },
      { folder: disk, log: (text, level) => lines.push(`${level ?? 'info'} ${text}`) },
    )
    const write = (n: number) => ask(`${url}/write`, { method: 'POST', body: `n=${n}` })
    return { gateway, url, lines, write }
  }

  const before = await open('store.db')
  for (let n = 1; n <= 20; n++) assert.equal((await before.write(n)).status, 202)
  // As after a kill: the log is next to the store, and no page is free on the disk.
  for (const suffix of ['', '-wal']) copyFileSync(join(disk, `store.db${suffix}`), join(disk, `killed.db${suffix}`))
  await before.gateway.close()
  rmSync(join(disk, 'store.db'))
  fillDisk(disk)

  const { url, lines, write } = await open('killed.db')
  const path = join(disk, 'killed.db')
  assert.ok(
    lines.some((line) => line.startsWith(`warn The disk of the store ${path} is full. Make room on it`)),
    lines.join('\n'),
  )
  assert.equal((await ask(`${url}/read`)).status, 200)
  const refused = await write(21)
  assert.deepEqual([refused.status, (JSON.parse(refused.body) as { code: string }).code], [503, 'STORE_FULL'])

  unlinkSync(join(disk, 'ballast'))
  isUp = true
  await until('all are delivered', () => arrived.length >= 20)
  assert.deepEqual(
    arrived,
    Array.from({ length: 20 }, (_, index) => `n=${index + 1}`),
  )
  await until('new writes are taken', async () => (await write(21)).status === 202)
})
