#!/usr/bin/env node
import './held-signals.cjs'

// Only this file and the one above run on an older Node: all that needs a newer one is behind the import below.
const [major = 0] = process.versions.node.split('.').map(Number)
if (major < 24) {
  console.error(`hedgerow needs Node 24 or newer; this is Node ${process.versions.node} (${process.execPath})`)
  process.exit(1)
}
// libuv gives half of these threads to getaddrinfo, so that 16 names that no server answers for block none: see
// `transport/client/lookups.ts`. An idle thread costs some 20 KiB.
process.env['UV_THREADPOOL_SIZE'] ??= '32'
void import('./program.ts').then(({ run }) => run(process.argv))
