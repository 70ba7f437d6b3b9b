#!/usr/bin/env node
import './held-signals.cjs'
import { fileURLToPath } from 'node:url'

// Only this file and the first import must run on older Node versions; the rest is behind the import below.
const [major = 0] = process.versions.node.split('.').map(Number)
if (major < 24) {
  console.error(`hedgerow needs Node 24 or newer; this is Node ${process.versions.node} (${process.execPath})`)
  process.exit(1)
}
// libuv gives half of these threads to getaddrinfo, so that 16 names without an answering server block no other lookup:
// see `transport/client/lookups.ts`. An idle thread costs some 20 KiB.
process.env['UV_THREADPOOL_SIZE'] ??= '32'
// The cache lies beside the code it is compiled from, so that only users who may change the code can change the cache.
// If the folder is not writable, there is no cache.
process
  .getBuiltinModule('node:module')
  .enableCompileCache(fileURLToPath(new URL('../../node_modules/.cache/hedgerow', import.meta.url)))
void import('./program.ts').then(({ run }) => run(process.argv))
