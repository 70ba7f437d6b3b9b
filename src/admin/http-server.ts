import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { headerValues } from '../core/headers.ts'
import type { Clock } from '../kit/clock.ts'
import { http } from '../kit/node-http.ts'
import { clientKey } from '../layers/rate-limit/client-key.ts'
import { watchAccepts } from '../transport/server/accept-failures.ts'
import { type Answer, refusal, type StreamedAnswer } from './answer.ts'
import { dashboardFile } from './dashboard-files.ts'
import { isWrongGuess, refusedBy } from './guard.ts'
import { dataHeaders } from './headers.ts'
import { readJson } from './read-json.ts'
import { type AdminMethod, type AdminRequest, allowOf, type ResourceTable } from './resource.ts'
import { send } from './send.ts'
import type { TokenGuesses } from './token-guesses.ts'

export interface AdminOptions {
  readonly host: string
  readonly port: number
  /** As it is at the moment. */
  readonly token: () => string | undefined
  readonly clock: Clock
  readonly guesses: TokenGuesses
  /** All that can be asked for at the moment; the files of the dashboard stand beside it. */
  readonly resources: () => ResourceTable
  /** A connection could not be accepted, with the system's code for why. */
  readonly onAcceptFailed: (code: string) => void
  readonly reportBug: (fault: unknown) => void
  /** Where the built dashboard is looked for, if not where the build puts it. */
  readonly dashboardFolders?: readonly string[]
}

export interface Admin {
  readonly address: AddressInfo
  close(): Promise<void>
}

/** The operators' side: an HTTP server over a table of resources, each in a file of its own below `resources`. */
export function startAdmin(options: AdminOptions): Promise<Admin> {
  const server = http.createServer((request, response) => {
    answerFor({ request, response }, options).then(
      (answer) => give(request, response, answer),
      (fault: unknown) => {
        options.reportBug(fault)
        send(request, response, refusal(500, 'The gateway has failed; its log has the cause'))
      },
    )
  })
  // A reader that goes away in the middle is no fault of ours.
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
  // A proxy in front of it may have judged by the other one.
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
  if (found === undefined) return refusal(404, notThere(pathname, resources))
  const { resource, params } = found
  const method = request.method === 'HEAD' ? 'GET' : request.method
  const answer = resource.methods[method as AdminMethod]
  if (answer === undefined) {
    const allow = allowOf(resource)
    return refusal(405, `${pathname} takes ${allow}; the method was ${request.method}`, { allow })
  }
  return answer({ params, query, json: () => bodyOf(request, response) })
}

/** Answers a wrong token, after a while if its client has sent many of them. */
async function slowed(
  refused: Answer,
  { socket }: IncomingMessage,
  response: ServerResponse,
  { guesses, clock }: AdminOptions,
): Promise<Answer> {
  const waitMs = guesses.note(clientKey(socket.remoteAddress ?? ''))
  if (waitMs === 0) return refused
  // What was sent behind it is not answered: each guess needs a connection for as long as it waits.
  response.shouldKeepAlive = false
  await new Promise<void>((resolve) => {
    const timer = clock.after(waitMs, resolve)
    response.once('close', () => {
      timer.cancel()
      resolve()
    })
  })
  return refusal(429, 'Too many wrong tokens came from this address', { 'retry-after': '1' })
}

/** What `URL` would quietly make another path of is refused: what is asked for is what is looked up. */
function isPath(target: string): boolean {
  const [path = ''] = target.split('?', 1)
  return path.startsWith('/') && !/\/\/|[\\#]|\/(?:\.|%2e){1,2}(?:\/|$)/i.test(path)
}

async function bodyOf(request: IncomingMessage, response: ServerResponse): ReturnType<AdminRequest['json']> {
  const body = await readJson(request)
  // What is still to come of it is nothing that a next request could stand behind.
  if (!request.complete) response.shouldKeepAlive = false
  return body
}

function give(request: IncomingMessage, response: ServerResponse, answer: Answer | StreamedAnswer): void {
  if (!('stream' in answer)) {
    answer.onSend?.(response)
    send(request, response, answer)
  }
  // There would be no end to wait for.
  else if (request.method === 'HEAD') send(request, response, { status: 200, headers: {}, body: '' })
  else answer.stream(response, dataHeaders)
}

function notThere(path: string, { paths }: ResourceTable): string {
  return `There is no ${path} here; there are /, ${paths.join(', ')}`
}
