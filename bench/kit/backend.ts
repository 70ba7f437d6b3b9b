import { mkdirSync } from 'node:fs'
import { startNginx } from './nginx.ts'
import { freePort } from './processes.ts'
import type { Stage } from './stage.ts'

/** Some 100 bytes, the size of a plain JSON answer. */
export const smallBody = JSON.stringify({
  time: 250,
  id: '7f0c1b52-6f0e-4a53-9f33-0d2a6a1c8e11',
  name: 'an answer of about 100 bytes',
  of: 'work',
})

export const bodies = { '10 KiB': 10 * 2 ** 10, '1 MiB': 2 ** 20 } as const

export interface Backend {
  readonly port: number
  /** Three ports with the same content, for tests with several targets. */
  readonly ports: readonly [number, number, number]
}

/**
 * A backend that costs next to nothing, as it shares a core with the load: `GET /api/work` returns a small JSON answer,
 * `POST /register` 201, and `GET /bodies/<bytes>` a file from the page cache.
 */
export async function startBackend(stage: Stage, cores: number | string, workers = 1): Promise<Backend> {
  const ports = [await freePort(), await freePort(), await freePort()] as const
  mkdirSync(`${stage.folder}/bodies`)
  for (const bytes of Object.values(bodies)) stage.file(`bodies/${bytes}`, Buffer.alloc(bytes, 'hedgerow '))
  const listens = ports.map((port) => `listen 127.0.0.1:${port} backlog=4096;`)
  await startNginx(stage, {
    name: 'backend',
    cores,
    workers,
    port: ports[0],
    servers: `sendfile on; tcp_nopush on; open_file_cache max=10 inactive=1h;
server { ${listens.join(' ')} default_type application/json;
  location /api/ { return 200 '${smallBody}'; }
  location /register { return 201 'ok'; }
  location /bodies/ { root ${stage.folder}; } }`,
  })
  return { port: ports[0], ports }
}
