import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface AdminOptions {
  readonly host: string
  readonly port: number
  readonly token?: string | undefined
  /** False while draining. */
  readonly isReady: () => boolean
}

export interface Admin {
  readonly address: AddressInfo
  close(): Promise<void>
}

/** What anybody may ask, so that a load balancer needs no token. */
const publicPaths = new Set(['/healthz', '/readyz'])

/** The operators' side: for now whether the gateway lives and takes calls. */
export function startAdmin(options: AdminOptions): Promise<Admin> {
  const server = createServer((request, response) => handle(request, response, options))
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: options.host, port: options.port }, () => {
      server.off('error', reject)
      resolve({
        address: server.address() as AddressInfo,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed())
            server.closeAllConnections()
          }),
      })
    })
  })
}

function handle(request: IncomingMessage, response: ServerResponse, options: AdminOptions): void {
  const path = (request.url ?? '/').split('?', 1)[0] as string
  const answer = (status: number, text: string, headers: Record<string, string> = {}): void => {
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', ...headers })
    response.end(`${text}\n`)
  }
  if (!publicPaths.has(path) && !isAllowed(request, options.token)) {
    answer(401, 'This needs the token of admin.token', { 'www-authenticate': 'Bearer' })
  } else if (request.method !== 'GET' && request.method !== 'HEAD') {
    answer(405, `${path} takes GET`, { allow: 'GET, HEAD' })
  } else if (path === '/healthz') answer(200, 'ok')
  else if (path === '/readyz') answer(options.isReady() ? 200 : 503, options.isReady() ? 'ready' : 'draining')
  else answer(404, 'There are /healthz and /readyz here')
}

/** Hashes are compared, so that neither length nor content shows in the time that it takes. */
function isAllowed(request: IncomingMessage, token: string | undefined): boolean {
  if (token === undefined) return true
  const given = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
  return timingSafeEqual(sha256(given), sha256(token))
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
