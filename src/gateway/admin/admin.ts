import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, isIP } from 'node:net'
import type { AdminAnswer, DeliveriesAdmin } from './deliveries.ts'

export interface AdminOptions {
  readonly host: string
  readonly port: number
  readonly token?: string | undefined
  /** False while draining. */
  readonly isReady: () => boolean
  /** There where a route broadcasts. */
  readonly deliveries: DeliveriesAdmin | undefined
  readonly logFault: (fault: unknown) => void
}

export interface Admin {
  readonly address: AddressInfo
  close(): Promise<void>
}

/** What anybody may ask, so that a load balancer needs no token. */
const publicPaths = new Set(['/healthz', '/readyz'])

/** The operators' side: whether the gateway lives and takes calls, and its deliveries. */
export function startAdmin(options: AdminOptions): Promise<Admin> {
  const server = createServer((request, response) => {
    answerFor(request, options).then(
      (answer) => send(response, answer),
      (fault: unknown) => {
        options.logFault(fault)
        send(response, text(500, 'The gateway has failed; its log has the cause'))
      },
    )
  })
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

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

async function answerFor(request: IncomingMessage, options: AdminOptions): Promise<Answer> {
  const base = 'http://admin'
  if (!URL.canParse(request.url ?? '/', base)) return text(400, 'The request target must be a path')
  const url = new URL(request.url ?? '/', base)
  const method = request.method === 'HEAD' ? 'GET' : (request.method ?? 'GET')
  const route = routeOf(url.pathname, options)
  if (!publicPaths.has(url.pathname) && !isAllowed(request, options.token)) {
    return text(401, 'This needs the token of admin.token', { 'www-authenticate': 'Bearer' })
  }
  if (options.token === undefined && !isLocalHost(request.headers.host)) {
    return text(403, 'Without admin.token the admin side answers only to localhost and addresses as its Host')
  }
  if (route === undefined) return text(404, 'There are /healthz, /readyz and /api/deliveries here')
  // A form on another site's page can post, but not without saying where it comes from.
  if (
    route.method === 'POST' &&
    request.headers.origin !== undefined &&
    request.headers.origin !== `http://${request.headers.host}`
  ) {
    return text(403, 'A page of another origin may not do this')
  }
  if (method !== route.method) return text(405, `${url.pathname} takes ${route.method}`, { allow: route.method })
  return route.answer(url)
}

interface AdminRoute {
  readonly method: 'GET' | 'POST'
  readonly answer: (url: URL) => Answer | Promise<Answer>
}

function routeOf(path: string, { isReady, deliveries }: AdminOptions): AdminRoute | undefined {
  if (path === '/healthz') return { method: 'GET', answer: () => text(200, 'ok') }
  if (path === '/readyz')
    return { method: 'GET', answer: () => (isReady() ? text(200, 'ready') : text(503, 'draining')) }
  const match = /^\/api\/deliveries(?:\/([\w-]+)(?:\/(replay|discard))?)?$/.exec(path)
  if (match === null) return undefined
  if (deliveries === undefined) {
    return { method: 'GET', answer: () => text(404, 'No route of this gateway broadcasts: there are no deliveries') }
  }
  const [, id, what] = match
  if (id === undefined) return { method: 'GET', answer: async (url) => json(await deliveries.list(url.searchParams)) }
  if (what === undefined) return { method: 'GET', answer: async () => json(await deliveries.show(id)) }
  const operation = what as 'replay' | 'discard'
  return { method: 'POST', answer: async (url) => json(await deliveries.operate(id, operation, url.searchParams)) }
}

function text(status: number, line: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers }, body: `${line}\n` }
}

function json({ status, body }: AdminAnswer): Answer {
  return { status, headers: { 'content-type': 'application/json' }, body: `${JSON.stringify(body)}\n` }
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, { 'cache-control': 'no-store', ...headers })
  response.end(body)
}

/** A page of another site may have its name resolve to this machine (DNS rebinding), but cannot change its own name. */
function isLocalHost(host: string | undefined): boolean {
  const name = (host ?? '').replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
  return name === 'localhost' || isIP(name) !== 0
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
