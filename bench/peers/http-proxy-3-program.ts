/** `http-proxy-3-program.ts PORT BACKEND-PORT`: http-proxy-3 with an agent that keeps its connections. */
import { randomUUID } from 'node:crypto'
import { Agent, createServer } from 'node:http'
import { createProxyServer } from 'http-proxy-3'

const [port, backendPort] = process.argv.slice(2)
const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY, maxFreeSockets: 2048 })
const proxy = createProxyServer({ target: `http://127.0.0.1:${backendPort}`, agent, xfwd: true })
proxy.on('error', (error) => console.error(error))

const server = createServer((request, response) => {
  const id = randomUUID()
  request.headers['x-request-id'] = id
  response.setHeader('x-request-id', id)
  proxy.web(request, response)
})
server.keepAliveTimeout = 3_600_000
server.listen(Number(port), '127.0.0.1')
