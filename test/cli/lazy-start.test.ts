import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { root, startProgram } from '../kit/command.ts'

const config = {
  listen: { port: 0 },
  admin: { port: 0 },
  upstreams: { work: { targets: ['http://127.0.0.1:9'] } },
  routes: [{ match: '/*', forward: { upstream: 'work' } }],
}

/** Slow to load, and unused by most commands. */
const heavy =
  /@opentelemetry|pino-pretty|\/packages\/(?:load|backend)\/|src\/cli\/(?:admin-client|deliveries\.|demo|load)|src\/gateway\/threads\/worker-(?:group|pool)|sqlite/

function start(t: TestContext, args: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-lazy-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const [file, list] = [join(folder, 'hedgerow.json'), join(folder, 'loaded')]
  writeFileSync(file, JSON.stringify(config))
  writeFileSync(list, '')
  const program = ['--import', join(import.meta.dirname, 'loaded-modules.ts'), join(root, 'src/cli/main.ts')]
  const given = args.map((word) => (word === 'FILE' ? file : word))
  const running = startProgram(t, join(root, 'bin/node'), [...program, ...given], { LOADED_MODULES: list })
  const loaded = (): readonly string[] => readFileSync(list, 'utf8').trim().split('\n')
  return { running, loaded }
}

describe('a command', () => {
  for (const args of [['--version'], ['check', 'FILE'], ['schema']]) {
    it(`loads no heavy modules for hedgerow ${args.join(' ')}`, async (t) => {
      const { running, loaded } = start(t, args)
      assert.equal((await running.ended).code, 0)
      assert.deepEqual(
        loaded().filter((url) => heavy.test(url)),
        [],
      )
      assert.ok(loaded().some((url) => url.endsWith('src/cli/program.ts')))
    })
  }

  it('loads no heavy modules for hedgerow serve without traces, store and workers', async (t) => {
    const { running, loaded } = start(t, ['serve', 'FILE'])
    await running.printed('1 route')
    assert.deepEqual(
      loaded().filter((url) => heavy.test(url)),
      [],
    )
    running.process.kill('SIGTERM')
    await running.ended
  })

  it('loads the load tester for its own help', async (t) => {
    const { running, loaded } = start(t, ['load', '--help'])
    assert.equal((await running.ended).code, 0)
    assert.ok(loaded().some((url) => heavy.test(url)))
  })
})
