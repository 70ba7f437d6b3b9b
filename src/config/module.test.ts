import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { VirtualClock } from '../../test/kit/virtual-clock.ts'
import { readModule } from './module.ts'

describe('readModule', () => {
  for (const text of ['await new Promise(() => {})', 'export default new Promise(() => {})']) {
    it(`gives up a module that never ends: ${text}`, async (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'hedgerow-module-'))
      t.after(() => rmSync(folder, { recursive: true, force: true }))
      const file = join(folder, 'config.mjs')
      writeFileSync(file, text)
      const clock = new VirtualClock()
      const reading = readModule(file, {}, clock)
      await clock.advance(30_000)
      const read = await reading
      assert.equal(read.ok ? '' : read.diagnostics[0]?.message, 'the module has not ended after 30s')
    })
  }
})
