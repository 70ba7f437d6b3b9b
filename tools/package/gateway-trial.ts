import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { end, run, start } from './installed.ts'

const traceMs = 10_000
const configFile = 'hedgerow.config.ts'

/**
 * Runs a gateway with everything that the package loads only for those who ask for it: workers, the store's thread,
 * traces, readable log lines, and a configuration in TypeScript.
 */
export async function tryGateway(folder: string): Promise<void> {
  const collector = createServer((request, response) => request.resume().on('end', () => response.end())).listen(0)
  const traced = once(collector, 'request')
  const backend = start(folder, ['backend', 'accounts', '--port', '0'])
  try {
    const target = await backend.printed(/ on (http:\/\/[\d.:]+);/)
    writeFileSync(join(folder, configFile), configuration(target, (collector.address() as AddressInfo).port))
    await run(folder, ['check', configFile])
    await run(folder, ['check', configFile, '--explain', 'POST /register'])
    JSON.parse(await run(folder, ['schema']))
    const gateway = start(folder, ['serve', configFile, '--pretty'])
    try {
      await useGateway(
        folder,
        await gateway.printed(/ on (http:\/\/[\d.:]+),/),
        await gateway.printed(/admin on (\S+)/),
      )
      const name = await Promise.race([traced.then(() => 'traced'), after(traceMs, 'late', { ref: false })])
      if (name !== 'traced') throw new Error('no trace reaches the collector')
    } finally {
      await end(gateway)
    }
  } finally {
    collector.closeAllConnections()
    collector.close()
    await end(backend)
  }
}

/** Checks that the exported types describe a configuration, as an editor would see them. */
export function tryTypes(root: string, folder: string): void {
  const file = (name: string, options: string): string => {
    const text = `import { defineConfig } from 'hedgerow'\nexport default defineConfig(${options})\n`
    writeFileSync(join(folder, name), text)
    return name
  }
  const compile = (name: string) => {
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--typeRoots', join(root, 'node_modules/@types')]
    const tsc = join(root, 'node_modules/.bin/tsc')
    // Not by its `skipLibCheck`: an error in our declarations must not turn types into `any` unseen.
    return spawnSync(tsc, ['--ignoreConfig', '--types', 'node', ...options, name], { cwd: folder, encoding: 'utf8' })
  }
  const right = compile(file('right.ts', '{ listen: { port: 8080 } }'))
  if (right.status !== 0) throw new Error(`its types refuse a configuration:\n${right.stdout}`)
  const wrong = compile(file('wrong.ts', '{ listen: { prot: 8080 } }'))
  if (!wrong.stdout.includes("'prot'")) throw new Error(`its types accept an unknown option:\n${wrong.stdout}`)
}

function configuration(target: string, collectorPort: number): string {
  return `import { defineConfig } from 'hedgerow'

export default defineConfig({
  listen: { port: 0 },
  admin: { port: 0 },
  workers: 2,
  store: { path: 'trial.db' },
  telemetry: { traces: { exporter: 'otlp', url: 'http://127.0.0.1:${collectorPort}/v1/traces', sample: '100%' } },
  upstreams: { accounts: { targets: ['${target}'] } },
  routes: [{ match: 'POST /register', broadcast: { upstream: 'accounts' } }],
})
`
}

async function useGateway(folder: string, url: string, admin: string): Promise<void> {
  const body = new URLSearchParams({ username: 'bob', password: 'x' })
  const { status } = await fetch(`${url}/register`, { method: 'POST', body })
  if (status >= 300) throw new Error(`${url}/register answers ${status}`)
  for (const path of ['/', '/metrics', '/api/openapi.json', '/api/config', '/api/overview']) {
    const page = await fetch(`${admin}${path}`)
    await page.arrayBuffer()
    if (page.status !== 200) throw new Error(`${path} of the admin side answers ${page.status}`)
  }
  const listed = await run(folder, ['deliveries', 'list', '--admin', admin])
  if (!listed.includes('/register')) throw new Error(`deliveries lists:\n${listed}`)
  await run(folder, ['reload', '--admin', admin])
}
