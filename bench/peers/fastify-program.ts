/** `fastify-program.ts PORT BACKEND-PORT`: @fastify/http-proxy as in its guide. */
import { randomUUID } from 'node:crypto'
import httpProxy from '@fastify/http-proxy'
import { fastify } from 'fastify'

const [port, backendPort] = process.argv.slice(2)
const server = fastify({ logger: false, keepAliveTimeout: 3_600_000, genReqId: () => randomUUID() })

await server.register(httpProxy, {
  upstream: `http://127.0.0.1:${backendPort}`,
  // As many connections as requests, all kept.
  undici: { connections: 2048, pipelining: 1, keepAliveTimeout: 3_600_000 },
  replyOptions: {
    rewriteRequestHeaders: (request, headers) => ({
      ...headers,
      'x-forwarded-for': request.ip,
      'x-request-id': request.id,
    }),
    rewriteHeaders: (headers, request) => ({ ...headers, 'x-request-id': request?.id ?? '' }),
  },
})
await server.listen({ port: Number(port), host: '127.0.0.1' })
