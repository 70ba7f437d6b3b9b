import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { buildProgram } from '../../tools/build-program.ts'
import { root, startProgram } from '../kit/command.ts'
import { until } from '../kit/until.ts'

/** The package as installed by a user: bundled JavaScript, run by their own Node. */
describe('the bundled package', () => {
  let folder: string

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'hedgerow-package-'))
    await buildProgram(join(folder, 'dist'))
    for (const name of ['package.json', 'examples']) cpSync(join(root, name), join(folder, name), { recursive: true })
  })

  after(() => rmSync(folder, { recursive: true }))

  it('starts with no module that an older Node cannot read', () => {
    const read = (file: string): string => readFileSync(join(folder, 'dist/cli', file), 'utf8')
    const local = (text: string): readonly string[] =>
      [...text.matchAll(/^import .*from "\.\/(.+)";$/gm)].map(([, name = '']) => name)
    const first = local(read('main.js'))
    const all = [...first, ...first.flatMap((file) => local(read(file)))]
    assert.deepEqual([...new Set(all.map((name) => name.replace(/-[\w-]{8}\.js$/, '')))].toSorted(), [
      'held-signals',
      'rolldown-runtime',
    ])
  })

  it('names the source files in stack traces with --enable-source-maps', async (t) => {
    const file = join(folder, 'fault.mjs')
    writeFileSync(file, "globalThis.URL = class { constructor() { throw new Error('planted') } }\n")
    const args = ['--enable-source-maps', '--import', file, join(folder, 'dist/cli/main.js'), '--version']
    const { errors } = await startProgram(t, join(root, 'bin/node'), args).ended
    assert.match(errors, /planted[^]*src\/cli\/main\.ts:\d+/)
  })

  it('checks an example', async (t) => {
    const main = join(folder, 'dist/cli/main.js')
    const { code, output } = await startProgram(t, join(root, 'bin/node'), [
      main,
      'check',
      join(folder, 'examples/demo.yaml'),
    ]).ended
    assert.equal(code, 0)
    assert.match(output, /is valid/)
  })

  it('reads a TypeScript configuration that imports defineConfig from it', async (t) => {
    const file = join(folder, 'config.ts')
    writeFileSync(
      file,
      "import { defineConfig } from 'hedgerow'\nexport default defineConfig({ listen: { port: 0 } })\n",
    )
    const { code, output, errors } = await startProgram(t, join(root, 'bin/node'), [
      join(folder, 'dist/cli/main.js'),
      'check',
      file,
    ]).ended
    assert.equal(code, 0, errors)
    assert.match(output, /is valid \(0 routes, 0 upstreams\)/)
  })

  it('reopens its log at SIGUSR1, opens no inspector, and exits with 0 at SIGTERM', async (t) => {
    const [file, log] = [join(folder, 'serve.yaml'), join(folder, 'log')]
    writeFileSync(file, 'listen: { port: 0 }\n')
    const args = [join(folder, 'dist/cli/main.js'), 'serve', file, '--log-file', log]
    const running = startProgram(t, join(root, 'bin/node'), args)
    await until('it runs', () => existsSync(log) && readFileSync(log, 'utf8').includes('on http:'), 10_000)
    renameSync(log, `${log}.1`)
    running.process.kill('SIGUSR1')
    await until('the new log is there', () => existsSync(log))
    running.process.kill('SIGTERM')
    const { code, errors } = await running.ended
    assert.deepEqual([code, errors], [0, ''])
  })

  it('states its requirements on an older Node', async (t) => {
    // No older Node may be installed, so the test fakes its version.
    const older = join(folder, 'older.mjs')
    writeFileSync(older, "Object.defineProperty(process.versions, 'node', { value: '20.20.2' })\n")
    const args = ['--import', older, join(folder, 'dist/cli/main.js'), '--version']
    const { code, errors } = await startProgram(t, join(root, 'bin/node'), args).ended
    assert.equal(code, 1)
    assert.match(errors, /hedgerow needs Node 24 or newer; this is Node 20\.20\.2/)
  })
})
