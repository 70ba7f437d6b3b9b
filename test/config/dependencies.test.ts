import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/decisions/dependencies.md'), 'utf8')
const { dependencies, devDependencies } = readPackage('package.json')
/** The libraries in the bundle: a checkout runs on them, and installs them without development dependencies too. */
const bundled = readPackage('tools/runtime/package.json').dependencies
const toRun = { ...dependencies, ...bundled }
/** Its parts are built into the package: users do not install them. */
const ofDashboard = readPackage('web/package.json').dependencies

function readPackage(file: string) {
  return JSON.parse(readFileSync(join(root, file), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>
    readonly devDependencies: Readonly<Record<string, string>>
  }
}

/** The first column of the table below a heading. */
function namesBelow(text: string, heading: string): readonly string[] {
  const section = text.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  return [...section.matchAll(/^\| ([@\w][^ ]*) \|/gm)]
    .map(([, name]) => name ?? '')
    .filter((name) => name !== 'package')
}

describe('the page of dependencies', () => {
  it('names every dependency of package.json and no other', () => {
    assert.deepEqual(namesBelow(page, 'Needed to run').toSorted(), Object.keys(toRun).toSorted())
    const toBuild = Object.keys({ ...devDependencies, ...ofDashboard }).filter((name) => !(name in toRun))
    assert.deepEqual(namesBelow(page, 'Needed to build and test').toSorted(), toBuild.toSorted())
  })

  it('detects a missing row', () => {
    const without = page.replace(/^\| zod .*\n/m, '')
    assert.ok(!namesBelow(without, 'Needed to run').includes('zod'))
  })
})

describe('a private package', () => {
  // The published package contains it, bundled with the libraries of the gateway.
  for (const name of ['backend', 'load']) {
    it(`has only dependencies of the gateway, in the same version: ${name}`, () => {
      const own = readPackage(`packages/${name}/package.json`)
      for (const [dependency, version] of Object.entries(own.dependencies ?? {})) {
        assert.equal(toRun[dependency], version, dependency)
      }
      for (const [dependency, version] of Object.entries(own.devDependencies)) {
        assert.equal(devDependencies[dependency], version, dependency)
      }
    })
  }
})

describe('package.json', () => {
  it('has at most ten runtime dependencies, all with exact versions', () => {
    assert.ok(Object.keys(toRun).length <= 10)
    const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(([, version]) => !/^\d/.test(version))
    assert.deepEqual(loose, [])
  })

  it('installs nothing for users but what its declarations import', () => {
    assert.deepEqual(Object.keys(dependencies), ['zod'])
  })

  it('has each library of the bundle as a development dependency, in the same version', () => {
    for (const [name, version] of Object.entries(bundled)) assert.equal(devDependencies[name], version, name)
  })
})
