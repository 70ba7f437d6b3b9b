/**
 * A backend with a known capacity: a fixed number of concurrent requests with a fixed service time; others queue in it,
 * first in, first out, as in front of a thread pool. Its capacity is `places / service` requests a second.
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
    // A request whose client has hung up takes no time.
    if (response.destroyed) continue
    busy++
    setTimeout(() => {
      busy--
      response.end('served')
      next()
    }, serviceMs)
  }
}
