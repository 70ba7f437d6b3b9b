/**
 * A backend with a known capacity: so many requests at a time, each for so long; all others wait in it, first in, first
 * out, as they do in front of a pool of threads. It bears `places / service` requests a second, and no more.
 *
 *   bin/node bench/kit/limited-backend.ts --port 9101 --places 16 --service 40
 */
import { createServer, type ServerResponse } from 'node:http'
import { parseArgs } from 'node:util'

const { values: args } = parseArgs({
  options: {
    port: { type: 'string', default: '9101' },
    places: { type: 'string', default: '16' },
    service: { type: 'string', default: '40' },
  },
})
const places = Number(args.places)
const serviceMs = Number(args.service)
const waiting: ServerResponse[] = []
let busy = 0

const server = createServer((_request, response) => {
  waiting.push(response)
  next()
})
server.keepAliveTimeout = 60_000
server.listen({ port: Number(args.port), host: '127.0.0.1', backlog: 4096 })

function next(): void {
  while (busy < places) {
    const response = waiting.shift()
    if (response === undefined) return
    // Whoever has hung up meanwhile takes no time.
    if (response.destroyed) continue
    busy++
    setTimeout(() => {
      busy--
      response.end('served')
      next()
    }, serviceMs)
  }
}
