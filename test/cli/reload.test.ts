import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { atEnd } from '../kit/cleanup.ts'
import { runCommand, startCommand } from '../kit/command.ts'
import { until } from '../kit/until.ts'

const routesOf = (...paths: readonly string[]): string =>
  [
    'listen: { port: 0 }',
    'admin: { port: 0 }',
    `status: { path: ${paths[0]} }`,
    ...(paths.length > 1 ? [`metrics: { path: ${paths[1]} }`] : []),
    '',
  ].join('\n')

async function serving(t: TestContext, args: readonly string[] = []) {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-reload-'))
  atEnd(t, () => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'hedgerow.yaml')
  writeFileSync(file, routesOf('/first'))
  const running = startCommand(t, ['serve', file, ...args.map((arg) => arg.replace('FOLDER', folder))])
  const logFile = join(folder, 'log')
  const log = (): string => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : running.errors())
  await until('it runs', () => /admin on http/.test(log()), 10_000)
  const [, url = '', admin = ''] = /on (http:\S+), .*admin on (http:[^"\s]+)/.exec(log()) ?? []
  const status = async (path: string): Promise<number> => (await fetch(url + path)).status
  return { folder, file, running, log, url, admin, status }
}

describe('hedgerow serve', () => {
  it('reloads its configuration at SIGHUP, and starts a new log file', async (t) => {
    const { folder, file, running, log, status } = await serving(t, ['--log-file', 'FOLDER/log'])
    assert.deepEqual([await status('/first'), await status('/second')], [200, 404])
    writeFileSync(file, routesOf('/second'))
    renameSync(join(folder, 'log'), join(folder, 'log.1'))
    running.process.kill('SIGHUP')
    await until('it is in force', async () => (await status('/second')) === 200)
    assert.equal(await status('/first'), 404)
    await until('the new log says so', () => /is in force/.test(log()))
    assert.doesNotMatch(log(), /admin on/)
  })

  it('reports an invalid configuration at SIGHUP, and keeps the old one', async (t) => {
    const { file, running, status } = await serving(t)
    writeFileSync(file, `${routesOf('/second')}lisen: {}\nworkers: 0\n`)
    running.process.kill('SIGHUP')
    await running.printed(/was rejected \(2 errors\); the previous configuration stays in force/)
    assert.match(running.errors(), /hedgerow\.yaml:4:1 {2}lisen: .*listen/)
    assert.match(running.errors(), /hedgerow\.yaml:5:10 {2}workers: /)
    assert.equal(await status('/first'), 200)
  })

  it('detects changes of the file with --watch', async (t) => {
    const { file, status } = await serving(t, ['--watch'])
    writeFileSync(`${file}.new`, routesOf('/second'))
    renameSync(`${file}.new`, file)
    await until('it is in force', async () => (await status('/second')) === 200, 5000)
  })
})

describe('hedgerow reload', () => {
  it('applies the configuration over the admin side', async (t) => {
    const { file, admin, status } = await serving(t)
    writeFileSync(file, routesOf('/second', '/metrics'))
    const { code, output } = await runCommand(t, ['reload', '--admin', admin])
    assert.deepEqual([code, output], [0, 'the configuration is in force\n'])
    assert.deepEqual([await status('/first'), await status('/second'), await status('/metrics')], [404, 200, 200])
  })

  it('prints why a configuration was rejected, and exits with 1', async (t) => {
    const { file, admin, status } = await serving(t)
    writeFileSync(file, `${routesOf('/second')}workers: 4\n`)
    const other = await runCommand(t, ['reload', '--admin', admin])
    assert.equal(other.code, 1)
    assert.match(
      other.errors,
      /was rejected[\s\S]*hedgerow\.yaml:4:10 {2}workers cannot change from 1 while the gateway runs/,
    )
    writeFileSync(file, 'listen: { prot: 1 }\n')
    const bad = await runCommand(t, ['reload', '--admin', admin])
    assert.equal(bad.code, 1)
    assert.match(bad.errors, /hedgerow\.yaml:1:11 .*prot/)
    assert.equal(await status('/first'), 200)
  })

  it('gives the position of options that need a restart, or cannot be applied', async (t) => {
    const { file, admin, url } = await serving(t)
    const refusal = async (settings: string): Promise<string> => {
      const upstreams = 'upstreams: { work: { targets: [http://127.0.0.1:9] } }\n'
      const routes = 'routes:\n  - { match: POST /w, broadcast: { upstream: work } }\n'
      writeFileSync(file, `admin: { port: 0 }\n${settings}${upstreams}${routes}`)
      const { code, errors } = await runCommand(t, ['reload', '--admin', admin])
      return code === 0 ? '' : errors
    }
    assert.equal(await refusal('listen: { port: 0 }\nstore:\n  path: first.db\n'), '')
    const other = await refusal('listen: { port: 0 }\nstore:\n  path: other.db\n')
    assert.match(other, /hedgerow\.yaml:4:9 {2}store\.path cannot change from \S+first\.db to/)
    // An absent option is shown at its parent.
    assert.match(
      await refusal('listen: { port: 0 }\n'),
      /hedgerow\.yaml:1:1 {2}store\.path cannot change from \S+first\.db/,
    )
    const taken = await refusal(`listen:\n  port: ${new URL(admin).port}\nstore: { path: first.db }\n`)
    assert.match(taken, /hedgerow\.yaml:3:9 {2}port \d+ on \S+ is taken/)
    assert.equal((await fetch(`${url}/first`)).status, 404)
  })

  it('gets its answer from an admin side that the reload moves, and counts rejections', async (t) => {
    const { file, admin, url } = await serving(t)
    writeFileSync(file, `${routesOf('/first')}workers: 0\n`)
    assert.equal((await runCommand(t, ['reload', '--admin', admin])).code, 1)
    const page = await (await fetch(`${admin}/metrics`)).text()
    assert.match(page, /hedgerow_reloads_total\{result="refused"\} 1/)
    writeFileSync(file, routesOf('/first').replace('admin: { port: 0 }\n', ''))
    const { code, output } = await runCommand(t, ['reload', '--admin', admin])
    assert.deepEqual([code, output], [0, 'the configuration is in force\n'])
    const front = await runCommand(t, ['reload', '--admin', url])
    assert.equal(front.code, 1)
    assert.match(front.errors, /is the address for clients/)
  })

  it('signals the process of a pid file', async (t) => {
    const { folder, file, status } = await serving(t, ['--pid-file', 'FOLDER/pid'])
    writeFileSync(file, routesOf('/second'))
    const { code, output } = await runCommand(t, ['reload', '--pid-file', join(folder, 'pid')])
    assert.equal(code, 0)
    assert.match(output, /sent SIGHUP to process \d+/)
    await until('it is in force', async () => (await status('/second')) === 200)
    const none = await runCommand(t, ['reload', '--pid-file', join(folder, 'nothing')])
    assert.equal(none.code, 1)
    assert.match(none.errors, /cannot signal the process of .*nothing: no such file/)
  })
})
