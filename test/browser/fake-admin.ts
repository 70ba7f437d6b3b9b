import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import type { LiveFigures, OverviewView } from '../../src/admin/api.ts'
import { root } from '../kit/command.ts'
import { overview } from './fake-data.ts'

/** An admin side with scripted answers and a strict content security policy. */
export interface FakeAdmin {
  readonly url: string
  /** Answers by path without the query; a number is a status without a body. */
  readonly answers: Map<string, object | number>
  /** Raw replacement answers, by path; `isCut` hangs up in the middle. */
  readonly bad: Map<string, BadAnswer>
  /** Undefined: no token needed. */
  token: string | undefined
  overview: OverviewView
  /** `POST /api/deliveries/1/replay`, `PATCH /api/backends/work {"refuse":true}`. */
  readonly changes: string[]
  /** Streams opened so far, and streams open now. */
  streams(): { readonly opened: number; readonly open: number }
  send(figures: LiveFigures): void
  /** Sends the text unchanged on every stream. */
  sendText(text: string): void
  /** Closes every stream, and refuses connections until `comeBack`. */
  goAway(): void
  comeBack(): void
  close(): Promise<void>
}

export interface BadAnswer {
  readonly type: string
  readonly text: string
  readonly isCut?: boolean
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
}

export async function startFakeAdmin(): Promise<FakeAdmin> {
  const streams = new Set<ServerResponse>()
  let opened = 0
  let isAway = false
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname } = new URL(request.url ?? '/', 'http://admin')
    if (isAway) return void request.socket.destroy()
    if (!pathname.startsWith('/api/')) return serveFile(pathname, response)
    if (fake.token !== undefined && request.headers.authorization !== `Bearer ${fake.token}`) {
      return void response.writeHead(401, { 'www-authenticate': 'Bearer' }).end('A token is required\n')
    }
    const bad = fake.bad.get(pathname)
    if (bad !== undefined) return sendBad(bad, response)
    if (pathname === '/api/live') {
      opened++
      streams.add(response)
      response.on('close', () => streams.delete(response))
      return void response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': welcome\n\n')
    }
    if (request.method !== 'GET') fake.changes.push(`${request.method} ${request.url} ${await bodyOf(request)}`.trim())
    const answer = pathname === '/api/overview' ? fake.overview : fake.answers.get(pathname)
    if (typeof answer === 'object') return json(response, 200, answer)
    return json(response, answer ?? 404, { detail: `There is no ${pathname} here` })
  }
  const server = createServer((request, response) => void serve(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const fake: FakeAdmin = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    answers: new Map<string, object | number>([
      ['/api/calls', { calls: [] }],
      ['/api/limits', { routes: [] }],
      ['/api/upstreams', { upstreams: [] }],
      ['/api/deliveries', { deliveries: [] }],
      ['/api/waiters', { open: 0, waiters: [] }],
      ['/api/tickets', { kept: 0, bytes: 0, tickets: [] }],
      ['/api/backends', { backends: [] }],
      ['/api/config', { yaml: 'routes: []\n', config: {} }],
    ]),
    bad: new Map(),
    token: undefined,
    overview: overview(),
    changes: [],
    streams: () => ({ opened, open: streams.size }),
    send: (figures) => {
      for (const stream of streams) stream.write(`event: figures\ndata: ${JSON.stringify(figures)}\n\n`)
    },
    sendText: (text) => {
      for (const stream of streams) stream.write(text)
    },
    goAway: () => {
      isAway = true
      for (const stream of streams) stream.destroy()
    },
    comeBack: () => {
      isAway = false
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return fake
}

function serveFile(path: string, response: ServerResponse): void {
  const name = path === '/' ? '/index.html' : path
  try {
    const content = readFileSync(join(root, 'dist/web', name))
    response.writeHead(200, {
      'content-type': types[extname(name)] ?? 'application/octet-stream',
      'content-security-policy': "default-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    })
    response.end(content)
  } catch {
    response.writeHead(404).end()
  }
}

function sendBad({ type, text, isCut = false }: BadAnswer, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': type })
  if (isCut) response.write(text, () => response.destroy())
  else response.end(text)
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text
}
