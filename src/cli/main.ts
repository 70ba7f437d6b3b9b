#!/usr/bin/env node
import './held-signals.cjs'
import { fileURLToPath } from 'node:url'

// Only this file and the first import run on an older Node: all that needs a newer one is behind the import below.
const [major = 0] = process.versions.node.split('.').map(Number)
if (major < 24) {
  console.error(`hedgerow needs Node 24 or newer; this is Node ${process.versions.node} (${process.execPath})`)
  process.exit(1)
}
// libuv gives half of these threads to getaddrinfo, so that 16 names that no server answers for block none: see
// `transport/client/lookups.ts`. An idle thread costs some 20 KiB.
process.env['UV_THREADPOOL_SIZE'] ??= '32'
// Beside the code that it is made of, so that whoever may not change that cannot change this either; where it cannot be
// written there is none.
process
  .getBuiltinModule('node:module')
  .enableCompileCache(fileURLToPath(new URL('../../node_modules/.cache/hedgerow', import.meta.url)))
void import('./program.ts').then(({ run }) => run(process.argv))
