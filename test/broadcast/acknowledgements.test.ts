import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { type Answer, ask } from '../kit/ask.ts'
import { atEnd } from '../kit/cleanup.ts'
import { Scene } from '../kit/gateway.ts'

/** Two routes to a target that answers with this status, and the log lines. */
async function openRoutes(t: TestContext, status: number, success: object = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-acknowledgements-'))
  atEnd(t, () => rmSync(folder, { recursive: true, force: true }))
  const scene = new Scene()
  atEnd(t, () => scene.close())
  let attempts = 0
  const target = await scene.target((request, response) => {
    attempts++
    request.resume()
    response.writeHead(status).end()
  })
  const broadcast = { upstream: 'ledger', backoff: { base: '10ms', max: '10ms', jitter: '0ms' }, ...success }
  const lines: string[] = []
  const { url } = await scene.gateway(
    {
      store: { path: 'deliveries.db' },
      upstreams: { ledger: { targets: { ledger: target.url } } },
      routes: [
        { match: 'POST /pay', deadline: '30s', broadcast },
        { match: 'POST /refund', deadline: '30s', broadcast },
      ],
    },
    { folder, log: (text, level) => lines.push(`${level ?? 'info'} ${text}`) },
  )
  const write = (path: string): Promise<Answer> => ask(url + path, { method: 'POST', body: 'amount=1' })
  return { write, warnings: () => lines.filter((line) => line.includes(' answered ')), attempts: () => attempts }
}

describe('an answer to a broadcast write', () => {
  for (const status of [200, 202, 204]) {
    it(`acknowledges it with ${status} unless the route says otherwise`, async (t) => {
      const { write, warnings, attempts } = await openRoutes(t, status)
      assert.equal((await write('/pay')).status, status)
      assert.equal(attempts(), 1)
      assert.deepEqual(warnings(), [])
    })
  }

  it('is logged once per target and route when it is a 2xx that does not count', async (t) => {
    const { write, warnings, attempts } = await openRoutes(t, 200, {
      success: { status: [201, '203-204', '3xx'] },
      attempts: 3,
    })
    for (const path of ['/pay', '/pay', '/refund']) assert.equal((await write(path)).status, 502)
    assert.equal(attempts(), 9)
    assert.deepEqual(
      warnings().toSorted(),
      ['POST /pay', 'POST /refund'].map(
        (route) =>
          `warn ledger answered 200, which success.status [201, 203-204, 3xx] of ${route} does not accept, so the write ` +
          'will be sent again. If 200 means that ledger has stored it, add 200 to success.status.',
      ),
    )
  })

  it('is not logged when it is no 2xx, because such a status is not expected to count', async (t) => {
    const { write, warnings, attempts } = await openRoutes(t, 409, { success: { status: [201] }, attempts: 3 })
    assert.equal((await write('/pay')).status, 502)
    assert.equal(attempts(), 3)
    assert.deepEqual(warnings(), [])
  })
})
