import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { headerValues } from '../core/headers.ts'
import type { Clock } from '../kit/clock.ts'
import { http } from '../kit/node-http.ts'
import { clientKey } from '../layers/rate-limit/client-key.ts'
import { watchAccepts } from '../transport/server/accept-failures.ts'
import { type Answer, dataHeaders, refusal, type StreamedAnswer } from './answer.ts'
import { dashboardFile } from './dashboard-files.ts'
import { isWrongGuess, refusedBy } from './guard.ts'
import { jsonIn } from './request-input.ts'
import { type AdminMethod, type AdminRequest, allowOf, type ResourceTable } from './resource.ts'
import { send } from './send.ts'
import type { TokenGuesses } from './token-guesses.ts'

export interface AdminOptions {
  readonly host: string
  readonly port: number
  /** Current token; a reload may change it. */
  readonly token: () => string | undefined
  readonly clock: Clock
  readonly guesses: TokenGuesses
  /** Current resources; the dashboard files are served besides these. */
  readonly resources: () => ResourceTable
  /** Called with the system error code when a connection could not be accepted. */
  readonly onAcceptFailed: (code: string) => void
  readonly reportBug: (error: unknown) => void
  /** Folders to search for the built dashboard; default: where the build puts it. */
  readonly dashboardFolders?: readonly string[]
}

export interface Admin {
  readonly address: AddressInfo
  close(): Promise<void>
}

/** The admin HTTP server over a table of resources, each in its own file in `resources`. */
export function startAdmin(options: AdminOptions): Promise<Admin> {
  const server = http.createServer((request, response) => {
    answerFor({ request, response }, options).then(
      (answer) => give(request, response, answer),
      (error: unknown) => {
        options.reportBug(error)
        send(request, response, refusal(500, 'Internal error in the gateway; its log has the cause'))
      },
    )
  })
  // A reader that disconnects midway is not a bug.
  server.on('clientError', (_fault, socket) => socket.destroy())
  watchAccepts(server, options.onAcceptFailed)
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

async function answerFor(
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
  options: AdminOptions,
): Promise<Answer | StreamedAnswer> {
  const target = request.url ?? '/'
  const base = 'http://admin'
  if (!isPath(target) || !URL.canParse(target, base)) {
    return refusal(400, 'The request target must be a path, without empty or dot segments')
  }
  // A proxy in front may have checked the other one.
  if (headerValues(request.rawHeaders, 'host').length > 1) return refusal(400, 'Host is given more than once')
  const { pathname, searchParams: query } = new URL(target, base)
  const resources = options.resources()
  const found = resources.find(pathname)
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  if (found === undefined && isRead) {
    const file = await dashboardFile(pathname, request, options.dashboardFolders)
    if (file !== undefined) return file
  }
  if (found?.resource.isPublic !== true) {
    const refused = refusedBy(request, options.token())
    if (refused !== undefined)
      return isWrongGuess(request, refused) ? slowed(refused, request, response, options) : refused
  }
  if (found === undefined) {
    const isPage = !isRead && (await dashboardFile(pathname, request, options.dashboardFolders)) !== undefined
    return isPage ? notAllowed(request, pathname, 'GET, HEAD') : refusal(404, notThere(pathname, resources))
  }
  const { resource, params } = found
  const method = request.method === 'HEAD' ? 'GET' : request.method
  const answer = resource.methods[method as AdminMethod]
  if (answer === undefined) return notAllowed(request, pathname, allowOf(resource))
  return answer({ params, query, json: () => bodyOf(request, response) })
}

/** Answers a wrong token, with a delay if the client has sent many. */
async function slowed(
  refused: Answer,
  { socket }: IncomingMessage,
  response: ServerResponse,
  { guesses, clock }: AdminOptions,
): Promise<Answer> {
  const waitMs = guesses.note(clientKey(socket.remoteAddress ?? ''))
  if (waitMs === 0) return refused
  // Pipelined requests are dropped: each guess occupies a connection for the whole delay.
  response.shouldKeepAlive = false
  await new Promise<void>((resolve) => {
    const timer = clock.after(waitMs, resolve)
    response.once('close', () => {
      timer.cancel()
      resolve()
    })
  })
  return refusal(429, 'Too many wrong tokens from this address', { 'retry-after': '1' })
}

/** Refuses paths that `URL` would silently normalize, so that the lookup uses the path that was requested. */
function isPath(target: string): boolean {
  const [path = ''] = target.split('?', 1)
  return path.startsWith('/') && !/\/\/|[\\#]|\/(?:\.|%2e){1,2}(?:\/|$)/i.test(path)
}

async function bodyOf(request: IncomingMessage, response: ServerResponse): ReturnType<AdminRequest['json']> {
  const body = await jsonIn(request)
  // No further request can follow one that was not read to its end.
  if (!request.complete) response.shouldKeepAlive = false
  return body
}

function give(request: IncomingMessage, response: ServerResponse, answer: Answer | StreamedAnswer): void {
  if (!('stream' in answer)) {
    answer.onSend?.(response)
    send(request, response, answer)
  }
  // A stream has no end to wait for.
  else if (request.method === 'HEAD') send(request, response, { status: 200, headers: {}, body: '' })
  else answer.stream(response, dataHeaders)
}

function notAllowed({ method }: IncomingMessage, path: string, allow: string): Answer {
  return refusal(405, `${path} allows ${allow}; the method was ${method}`, { allow })
}

function notThere(path: string, { paths }: ResourceTable): string {
  return `Unknown path ${path}; available: /, ${paths.join(', ')}`
}
