import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { describe, it } from 'node:test'
import { startCommand } from '../kit/command.ts'

describe('hedgerow demo', () => {
  it('uses the next free port, lists its routes, answers each curl line, and ends everything on Ctrl-C', async (t) => {
    // Port 8080 is taken, by this test or another program: either way the demo has to move.
    const blocker = createServer().on('error', () => {})
    blocker.listen(8080, '127.0.0.1')
    t.after(() => blocker.close())
    const demo = startCommand(t, ['demo'])
    await demo.printed('Press Ctrl-C to stop.')
    assert.match(demo.output(), /port 8080 is taken: gateway uses \d+/)
    assert.match(demo.output(), /^ {2}GET \/service\/method +callback +curl 'http:\S+\/service\/method'$/m)
    const printed = /^ {2}(?:GET|POST) .*curl (?:-i )?(?:-d '(.*?)' )?'(http:\S+)'$/gm
    const lines = [...demo.output().matchAll(printed)].map(([, form, url]) => ({ form, url: url as string }))
    assert.ok(lines.length >= 10)
    const ask = async ({ form, url }: { form: string | undefined; url: string }) => {
      const body = form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }
      return { line: url, status: (await fetch(url, body)).status }
    }
    const answers = await Promise.all(lines.map(ask))
    // The backends are flaky: a reported failure is a valid answer too; a wrong route or a bad request is not.
    for (const { line, status } of answers)
      assert.ok(status === 200 || status === 201 || status >= 429, `${line} gave ${status}`)
    const front = new URL(lines[0]?.url ?? '').origin
    assert.ok(demo.output().includes(`bin/hedgerow load -c 50 --duration 10s '${front}/api/smart?timeout={500..1000}'`))
    const index = (await (await fetch(front)).json()) as { routes: readonly object[] }
    assert.equal(index.routes.length, lines.length)
    demo.process.kill('SIGINT')
    const { code, errors } = await demo.ended
    assert.equal(code, 0, errors)
    await assert.rejects(fetch(front))
  })

  it('rescues calls of /api/smart from the backend that its printed line slows down', async (t) => {
    const demo = startCommand(t, ['demo'])
    await demo.printed('Press Ctrl-C to stop.')
    const [, backend, patch] = /curl -X PATCH (\S+\/api\/backends\/work) -d '(.*)'/.exec(demo.output()) ?? []
    const [, smart] = /curl -i '(\S+\/api\/smart\?timeout=1000)'/.exec(demo.output()) ?? []
    assert.ok(backend !== undefined && patch !== undefined && smart !== undefined, demo.output())
    assert.equal((await fetch(backend, { method: 'PATCH', body: patch })).status, 200)
    const timings = await Promise.all(
      Array.from({ length: 20 }, async () => (await fetch(smart)).headers.get('server-timing') ?? ''),
    )
    const rescued = timings.filter((timing) => /a1;dur=\d+;desc="cancelled".*desc="won"/.test(timing))
    assert.ok(rescued.length > 2, timings.join('\n'))
  })
})
