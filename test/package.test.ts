import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { missingFiles } from '../tools/bundle/bundle.ts'
import { foldersOf, type Library, licencesText } from '../tools/bundle/licences.ts'
import { type Manifest, packageProblems } from '../tools/check-package.ts'
import { root } from './kit/command.ts'

const manifest = manifestIn('.')

function manifestIn(folder: string): Manifest {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest
}

const whole = [
  'LICENSE',
  'README.md',
  'package.json',
  'examples/demo.yaml',
  'dist/cli/main.js',
  'dist/cli/define-config.js',
  'dist/cli/worker-main.js',
  'dist/cli/worker.js',
  'dist/page/page.html',
  'dist/third-party-licences.txt',
  'dist/types/config/define-config.d.ts',
  'dist/web/index.html',
  'dist/web/assets/index.js',
]

describe('the package', () => {
  it('is built before it is packed, and its dashboard at every install in a checkout', () => {
    assert.equal(manifest.scripts['prepack'], 'npm run build')
    // Not in a workspace, where they would be part of the package too.
    assert.match(manifestIn('web').scripts['prepare'] ?? '', /build-web\.ts/)
  })

  it('is complete with program, dashboard and pages', () => {
    assert.deepEqual(packageProblems(whole, manifest), [])
  })

  for (const missing of whole) {
    it(`is rejected without ${missing}`, () => {
      const files = whole.filter((file) => file !== missing)
      assert.equal(packageProblems(files, manifest).length, 1)
    })
  }

  for (const file of ['dist/kit/race.test.js', 'src/cli/main.ts', 'packages/load/package.json', 'test/kit/wire.ts']) {
    it(`is rejected with ${file}`, () => {
      assert.equal(packageProblems([...whole, file], manifest).length, 1)
    })
  }
})

describe('the bundle', () => {
  const worker = { fileName: 'worker-Bq.js', code: '' }

  it('is complete with each file that the code starts by its path', () => {
    const code = 'new Worker(new URL(`./worker.${extension}`, import.meta.url), { name })'
    assert.deepEqual(
      missingFiles([
        { fileName: 'main.js', code },
        { ...worker, fileName: 'worker.js' },
      ]),
      [],
    )
    assert.deepEqual(missingFiles([{ fileName: 'main.js', code }, worker]), ['worker.'])
  })

  it('is not searched for files elsewhere in the package', () => {
    const code = 'new URL("../../package.json", import.meta.url)'
    assert.deepEqual(missingFiles([{ fileName: 'main.js', code }]), [])
  })
})

describe('the licences of the libraries', () => {
  const library: Library = { name: 'b', version: '1.0.0', licence: 'MIT', texts: ['Permission is granted.\n'] }

  it('are listed by name, each with its text', () => {
    const text = licencesText([library, { ...library, name: 'a', licence: 'ISC', texts: ['As is.', 'A notice.'] }])
    assert.match(
      text,
      /a 1\.0\.0 \(ISC\)\n\nAs is\.\n\nA notice\.\n\n-+\n\nb 1\.0\.0 \(MIT\)\n\nPermission is granted\.\n$/,
    )
  })

  it('stop the build if one is not permissive, or its text is not there', () => {
    assert.throws(() => licencesText([{ ...library, licence: 'AGPL-3.0' }]), /AGPL-3\.0/)
    assert.throws(() => licencesText([{ ...library, texts: [] }]), /b ships no text/)
  })

  it('are found by the paths of modules', () => {
    const modules = ['/a/src/x.ts', '/a/node_modules/@b/c/d.js', '/a/node_modules/e/node_modules/f/g.js']
    assert.deepEqual(foldersOf(modules), ['/a/node_modules/@b/c', '/a/node_modules/e/node_modules/f'])
  })
})
