#!/usr/bin/env node
import { fileURLToPath } from 'node:url'

// Only this file runs on an older Node: all that needs a newer one is behind the import below.
const [major = 0] = process.versions.node.split('.').map(Number)
if (major < 24) {
  console.error(`hedgerow needs Node 24 or newer; this is Node ${process.versions.node} (${process.execPath})`)
  process.exit(1)
}
// Beside the code that it is made of, so that whoever may not change that cannot change this either; where it cannot be
// written there is none.
process
  .getBuiltinModule('node:module')
  .enableCompileCache(fileURLToPath(new URL('../../node_modules/.cache/hedgerow', import.meta.url)))
void import('./program.ts').then(({ run }) => run(process.argv))
