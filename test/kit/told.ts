import assert from 'node:assert/strict'
import type { Gateway } from '../../src/gateway/gateway.ts'
import { adminUrl, askJson } from './admin.ts'
import { ask } from './ask.ts'

/** Values that change by themselves from one second to the next. */
const passingInSeconds = new Set(['at', 'process', 'ewmaMs', 'rate', 'latencyMs', 'p50Ms', 'p99Ms', 'figures'])

/** The content of every page of the admin side; of the passing values only their types. */
export async function told(
  gateway: Gateway,
  passing: ReadonlySet<string> = passingInSeconds,
): Promise<Readonly<Record<string, unknown>>> {
  const pages: Record<string, unknown> = {}
  for (const path of await pathsOf(gateway)) {
    const { status, body } = await ask(adminUrl(gateway) + path)
    // There are no simulated backends here.
    if (path === '/api/backends') continue
    assert.equal(status, 200, path)
    pages[path] = JSON.parse(body, (key, value: unknown) => {
      // An idle second may be recorded at any time.
      if (key === 'history' && Array.isArray(value))
        return value.filter(({ routes }: { routes: object }) => isFilled(routes))
      return passing.has(key) ? typeof value : value
    })
  }
  const { body: metrics } = await ask(`${adminUrl(gateway)}/metrics`)
  pages['/metrics'] = metrics.split('\n').filter((line) => /^hedgerow_(?:calls|attempts|call_duration)\w*\{/.test(line))
  return pages
}

function isFilled(object: object): boolean {
  return Object.keys(object).length > 0
}

/** All pages that can be read at once: no single items, no stream of live figures. */
async function pathsOf(gateway: Gateway): Promise<readonly string[]> {
  const { json } = await askJson<{ paths: Record<string, { get?: object }> }>(`${adminUrl(gateway)}/api/openapi.json`)
  const read = Object.entries(json.paths).filter(([, { get }]) => get !== undefined)
  const paths = read.map(([path]) => path).filter((path) => /^\/api\/[\w./-]+$/.test(path) && path !== '/api/live')
  assert.ok(paths.length >= 7, paths.join())
  return paths
}
