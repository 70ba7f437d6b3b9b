import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/decisions/dependencies.md'), 'utf8')
const { dependencies, devDependencies } = readPackage('package.json')
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
    assert.deepEqual(namesBelow(page, 'Needed to run').toSorted(), Object.keys(dependencies).toSorted())
    const toBuild = Object.keys({ ...devDependencies, ...ofDashboard })
    assert.deepEqual(namesBelow(page, 'Needed to build and test').toSorted(), toBuild.toSorted())
  })

  it('detects a missing row', () => {
    const without = page.replace(/^\| zod .*\n/m, '')
    assert.ok(!namesBelow(without, 'Needed to run').includes('zod'))
  })
})

describe('a private package', () => {
  // The published package contains it, compiled, and installs nothing but its own dependencies.
  for (const name of ['backend', 'load']) {
    it(`has only dependencies of the published package, in the same version: ${name}`, () => {
      const own = readPackage(`packages/${name}/package.json`)
      for (const [dependency, version] of Object.entries(own.dependencies ?? {})) {
        assert.equal(dependencies[dependency], version, dependency)
      }
      for (const [dependency, version] of Object.entries(own.devDependencies)) {
        assert.equal(devDependencies[dependency], version, dependency)
      }
    })
  }
})

describe('package.json', () => {
  it('has at most ten runtime dependencies, all with exact versions', () => {
    assert.ok(Object.keys(dependencies).length <= 10)
    const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(([, version]) => !/^\d/.test(version))
    assert.deepEqual(loose, [])
  })
})
