import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { withRelativeImports } from '../tools/build-program.ts'
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
  'dist/config/define-config.js',
  'dist/config/define-config.d.ts',
  'dist/gateway/threads/worker-main.js',
  'dist/load/page/page.html',
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

describe('the build of the program', () => {
  const imports: readonly (readonly [string, string, string])[] = [
    ['a module', 'cli/load.js', '../load/setup.js'],
    ['a module in a folder', 'cli/load.js', '../load/text/table.js'],
    ['a module from a nested file', 'gateway/threads/a.js', '../../backend/server.js'],
    ['a module from the top', 'index.js', './load/setup.js'],
  ]
  for (const [what, file, path] of imports) {
    it(`imports ${what} of a private package by relative path: ${path}`, () => {
      const name = path.replace(/^[./]+/, '@hedgerow/').replace(/\.js$/, '')
      assert.equal(withRelativeImports(file, `import { a } from '${name}';`), `import { a } from '${path}';`)
    })
  }

  it('leaves other imports and mentions in comments as they are', () => {
    const text = "import { z } from 'zod'; // @hedgerow/load\nimport './a.js';"
    assert.equal(withRelativeImports('cli/load.js', text), text)
  })

  // The build finds a module by its path alone.
  for (const name of ['backend', 'load']) {
    it(`finds every export of @hedgerow/${name} under its own path`, () => {
      const { exports } = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as {
        readonly exports: Readonly<Record<string, string>>
      }
      for (const [module, file] of Object.entries(exports)) assert.equal(file, `${module.replace('.', './src')}.ts`)
    })
  }
})
