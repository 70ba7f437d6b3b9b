import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo } from 'node:net'
import type { LoadDeps } from '../setup.ts'
import { parseControl } from './control.ts'
import { Controls, type ControlsOptions, type PageState } from './controls.ts'
import { refusalOf, reportPolicy, securityHeaders } from './guard.ts'

export interface WebPage {
  readonly url: string
  close(): Promise<void>
}

const files: Readonly<Record<string, readonly [name: string, type: string]>> = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/page.js': ['page.js', 'text/javascript; charset=utf-8'],
  '/page.css': ['page.css', 'text/css; charset=utf-8'],
}
const maxBodyBytes = 1024
const maxStreams = 16
/** A page that does not read is disconnected rather than buffered in memory. */
const maxWaitingBytes = 256 * 1024

/** Serves the page on the loopback address only. */
export async function serveWebPage(
  options: Omit<ControlsOptions, 'onState'> & { readonly port: number },
  deps: LoadDeps,
): Promise<WebPage> {
  const streams = new Set<ServerResponse>()
  const controls = new Controls({ ...options, onState: (state) => tellAll(streams, state) }, deps)
  const server = createServer((request, response) => void serve(request, response, { controls, streams, server }))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${portOf(server)}/`,
    close: async () => {
      await controls.close()
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

interface Site {
  readonly controls: Controls
  readonly streams: Set<ServerResponse>
  readonly server: Server
}

async function serve(request: IncomingMessage, response: ServerResponse, site: Site): Promise<void> {
  for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value)
  const refusal = refusalOf(request, portOf(site.server))
  const path = (request.url ?? '/').replace(/\?.*$/, '')
  const file = files[path]
  if (refusal !== undefined) say(response, refusal.status, refusal.text)
  else if (request.method === 'POST') say(response, ...(await act(request, path.slice(1), site.controls)))
  else if (file !== undefined) sendFile(response, ...file)
  else if (path === '/events') openStream(response, site)
  else if (path === '/report.html') sendReport(response, site.controls.report)
  else say(response, 404, 'no such page')
}

async function act(request: IncomingMessage, action: string, controls: Controls): Promise<[number, string]> {
  const body = await bodyOf(request)
  if (body === undefined) return [413, `allowed: ${maxBodyBytes} bytes`]
  const control = parseControl(action, body)
  if (control === undefined) return [404, 'no such action']
  if (typeof control === 'string') return [400, control]
  const refused = controls.do(control)
  return refused === undefined ? [204, ''] : [409, refused]
}

/** Undefined if it is too long or breaks off. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  let text = ''
  try {
    for await (const chunk of request) {
      text += String(chunk)
      if (text.length > maxBodyBytes) return undefined
    }
  } catch {
    return undefined
  }
  return text
}

function openStream(response: ServerResponse, { controls, streams }: Site): void {
  if (streams.size >= maxStreams) return say(response, 503, 'too many pages are open')
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  streams.add(response)
  response.on('close', () => streams.delete(response))
  response.write(`event: history\ndata: ${JSON.stringify(controls.history)}\n\n`)
  response.write(eventOf(controls.state()))
}

function tellAll(streams: ReadonlySet<ServerResponse>, state: PageState): void {
  const event = eventOf(state)
  for (const stream of streams) {
    if (stream.writableLength > maxWaitingBytes) stream.destroy()
    else stream.write(event)
  }
}

function eventOf(state: PageState): string {
  return `event: state\ndata: ${JSON.stringify(state)}\n\n`
}

function sendFile(response: ServerResponse, name: string, type: string): void {
  response.writeHead(200, { 'content-type': type })
  response.end(readFileSync(new URL(`../page/${name}`, import.meta.url)))
}

function sendReport(response: ServerResponse, report: string | undefined): void {
  if (report === undefined) return say(response, 404, 'no run has finished yet')
  response.setHeader('content-security-policy', reportPolicy)
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
  response.end(report)
}

function say(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, status === 204 ? {} : { 'content-type': 'text/plain; charset=utf-8' })
  response.end(status === 204 ? undefined : `${text}\n`)
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}
