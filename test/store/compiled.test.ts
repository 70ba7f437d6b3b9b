import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { root } from '../kit/command.ts'
import { folderFor } from './place.ts'

/** The worker file has a URL that is built at run time, which no compiler rewrites. */
it('the SQLite store also runs compiled to JavaScript', (t) => {
  const folder = folderFor(t)
  const settings = {
    extends: join(root, 'tsconfig.build.json'),
    compilerOptions: {
      rootDir: join(root, 'src'),
      outDir: folder,
      declaration: false,
      typeRoots: [join(root, 'node_modules/@types')],
    },
    include: [],
    files: [join(root, 'src/store/sqlite/sqlite-store.ts'), join(root, 'src/kit/clock.ts')],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(settings))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder], { encoding: 'utf8' })
  assert.equal(existsSync(join(folder, 'store/sqlite/worker.ts')), false)
  writeFileSync(
    join(folder, 'main.js'),
    `import { systemClock } from './kit/clock.js'
    import { openSqliteStore } from './store/sqlite/sqlite-store.js'
    const options = { path: process.argv[2], clock: systemClock(), limits: { maxUndeliveredBytes: 1 }, log: console.error }
    const { store } = await openSqliteStore(options)
    console.log((await store.figures()).value.deliveries)
    await store.close()`,
  )
  const output = execFileSync(process.execPath, [join(folder, 'main.js'), join(folder, 'store.db')], {
    encoding: 'utf8',
  })
  assert.equal(output, '0\n')
})
