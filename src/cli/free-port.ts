import { createServer } from 'node:net'

/** The first port from `wanted` up that is free on loopback and not in `spokenFor`. */
export async function freePortFrom(wanted: number, spokenFor: ReadonlySet<number>): Promise<number> {
  for (let port = wanted; port <= 65_535; port++) {
    if (!spokenFor.has(port) && (await isFree(port))) return port
  }
  throw new Error(`no port from ${wanted} up is free`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host: '127.0.0.1', port }, () => server.close(() => resolve(true)))
  })
}
