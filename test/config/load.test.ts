import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { after, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { formatDiagnostics } from '../../src/config/diagnostics.ts'
import { loadConfig } from '../../src/config/load.ts'

const folder = mkdtempSync(join(tmpdir(), 'hedgerow-load-'))
after(() => rmSync(folder, { recursive: true }))

const env = { WORK: 'http://127.0.0.1:9101' }
const defineConfig = pathToFileURL(join(import.meta.dirname, '../../src/config/define-config.ts')).href
const valid = `upstreams: { work: { targets: ["\${WORK}"] } }\nroutes: [{ match: GET /, forward: { upstream: work } }]\n`

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

/** The diagnostics, without the folder. */
async function told(path: string): Promise<string> {
  const result = await loadConfig(path, env)
  return result.ok ? '' : formatDiagnostics(result.diagnostics).replaceAll(`${folder}/`, '')
}

describe('loadConfig', () => {
  it('reads YAML and JSON, and reports the source', async () => {
    for (const name of ['a.yaml', 'a.yml', 'a.conf']) {
      const path = file(name, valid)
      const result = await loadConfig(relative(process.cwd(), path), env)
      assert.ok(result.ok)
      assert.equal(result.file, path)
      assert.deepEqual(result.config.upstreams['work']?.targets, [{ url: env.WORK, weight: 1 }])
    }
    assert.equal(await told(file('a.json', '{"listen": {"port": 1}}')), '')
  })

  it('reports a file that is missing, a directory, empty, too large or not text', async () => {
    mkdirSync(join(folder, 'dir.yaml'))
    assert.equal(await told(join(folder, 'none.yaml')), 'none.yaml: no such file')
    assert.equal(await told(join(folder, 'none.ts')), 'none.ts: no such file')
    assert.equal(await told(join(folder, 'dir.yaml')), 'dir.yaml: expected a file; found a directory')
    assert.match(await told(file('empty.yaml', '')), /^empty.yaml: the file contains no configuration/)
    assert.match(await told(file('blank.yaml', '\n  \n# nothing\n---\n')), /contains no configuration/)
    assert.match(await told(file('large.yaml', `#${'x'.repeat(4 * 1024 * 1024)}`)), /larger than 4MiB/)
    assert.match(await told(file('bytes.yaml', Uint8Array.of(0x61, 0xff, 0xfe))), /not valid UTF-8/)
    assert.match(await told(join(folder, 'a.yaml/below')), /cannot be read: ENOTDIR/)
    assert.match(await told('/dev/zero'), /larger than 4MiB/)
  })

  it('reads a file of exactly the maximum size', async () => {
    assert.equal(await told(file('limit.yaml', `${valid}#${'x'.repeat(4 * 1024 * 1024 - valid.length - 1)}`)), '')
  })

  it('reports a file without read permission', async () => {
    const path = file('secret.yaml', valid)
    chmodSync(path, 0)
    // Root can read everything, so the test switches to another user for a moment.
    const isRoot = process.geteuid?.() === 0
    if (isRoot) process.seteuid?.(65_534)
    try {
      assert.match(await told(path), /permission denied/)
    } finally {
      if (isRoot) process.seteuid?.(0)
    }
  })

  it('drops a byte order mark', async () => {
    assert.equal(await told(file('bom.yaml', `\ufeff${valid}`)), '')
  })
})

describe('modules', () => {
  it('reads TypeScript with defineConfig, and JavaScript', async () => {
    const typed = `import { defineConfig } from '${defineConfig}'
const port: number = 8081
export default defineConfig({ listen: { port }, upstreams: { work: { targets: ['\${WORK}'] } } })
`
    for (const path of [file('a.ts', typed), file('a.mts', typed)]) {
      const result = await loadConfig(path, env)
      assert.ok(result.ok)
      assert.equal(result.config.listen.port, 8081)
      assert.deepEqual(result.config.upstreams['work']?.targets, [{ url: env.WORK, weight: 1 }])
    }
    assert.equal(await told(file('a.mjs', 'export default Promise.resolve({ index: true })')), '')
    assert.equal(await told(file('a.cjs', 'module.exports = { index: true }')), '')
  })

  it('reports errors by their path', async () => {
    const text = `export default {
  listen: { prt: 1 }, drain: '\${NONE}', trust: [5, { toString() { throw new Error('never asked') } }], index: new Date(0),
}`
    assert.equal(
      await told(file('diagnostics.mjs', text)),
      [
        'diagnostics.mjs  drain: the environment variable NONE is not set; ${NONE:-default} would give it a default',
        'diagnostics.mjs  listen.prt: unknown key; did you mean "port"? Allowed: headerCount, headerSize, headerTimeout, host, keepAlive, maxConnections, port, requestTimeout',
        'diagnostics.mjs  trust[0]: expected an address or a network such as 10.0.0.0/8 or fd00::/8; found 5',
        'diagnostics.mjs  trust[1]: expected an address or a network such as 10.0.0.0/8 or fd00::/8; found a mapping',
        'diagnostics.mjs  index: expected true or false; found an empty mapping',
      ].join('\n'),
    )
  })

  it('reports a circular value, and values that no file could have', async () => {
    const text = `const a = { targets: {} }; a.targets.x = a
export default { upstreams: { a }, drain: () => 1, trust: [1n, Symbol('x'), undefined, NaN] }`
    const diagnostics = await told(file('odd.mjs', text))
    assert.match(diagnostics, /upstreams.a.targets.x: this value contains itself/)
    assert.match(diagnostics, /drain: expected a duration .*; found a function/)
    assert.match(diagnostics, /trust\[0\]: .*; found a bigint/)
    assert.match(diagnostics, /trust\[3\]: .*; found NaN/)
  })

  it('reports a module without a default export, one that throws, and one that is not a module', async () => {
    assert.match(await told(file('none.mjs', 'export const config = {}')), /expected a default export/)
    assert.equal(
      await told(file('throws.mjs', "\n\nthrow new Error('no such luck')")),
      'throws.mjs:3:7  the module throws: no such luck',
    )
    assert.match(
      await told(file('rejects.mjs', "export default Promise.reject(new Error('later'))")),
      /the module throws: later/,
    )
    assert.match(await told(file('syntax.mjs', '\nexport default {')), /^syntax.mjs(?::\d+:\d+ |:) the module throws: /)
    assert.match(
      await told(file('imports.mjs', "import './nowhere.mjs'\nexport default {}")),
      /the module throws: Cannot find module/,
    )
    assert.match(await told(file('thrown.mjs', 'throw { not: "an error" }')), /the module throws/)
  })

  it('is read again after a change', async () => {
    const path = file('changing.mjs', 'export default { listen: { port: 1 } }')
    const first = await loadConfig(path, env)
    writeFileSync(path, 'export default { listen: { port: 2 } }')
    const second = await loadConfig(path, env)
    assert.ok(first.ok && second.ok)
    assert.deepEqual([first.config.listen.port, second.config.listen.port], [1, 2])
  })
})
