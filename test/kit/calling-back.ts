import { mkdtempSync, rmSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { ConfigInput } from '../../src/config/schema.ts'
import type { GatewayDeps } from '../../src/gateway/gateway-deps.ts'
import { type Answer, type AskOptions, ask } from './ask.ts'
import { atEnd } from './cleanup.ts'
import { type OpenGateway, openScene, type Scene, upstreamOf } from './gateway.ts'
import { until } from './until.ts'

/** A request as an asynchronous backend receives it. */
export interface Order {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
  readonly response: ServerResponse
  /** Value of `x-callback-url`. */
  readonly callbackUrl: string
}

type CallbackRoute = NonNullable<NonNullable<ConfigInput['routes']>[number]['callback']>

export interface CallingBackScene {
  readonly scene: Scene
  /** Folder of the key file and the store; removed after the test. */
  readonly folder: string
  readonly orders: readonly Order[]
  /** Resolves with the n-th request to the backend. */
  order(place: number): Promise<Order>
  /** Opens a gateway in front of the backend, with the same key file and store each time. */
  open(options?: OpenOptions): Promise<OpenGateway>
}

interface OpenOptions {
  readonly route?: Partial<CallbackRoute>
  readonly routeRest?: object
  readonly config?: ConfigInput
  readonly deps?: Partial<GatewayDeps>
}

/**
 * A gateway with one callback route, `/work/*`, and a backend under the control of the test: the test sees each request
 * and posts any callback. With `acknowledge`, the backend answers each request with 202.
 */
export function openCallingBack(t: TestContext, acknowledge = true): CallingBackScene {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-callback-'))
  atEnd(t, () => rmSync(folder, { recursive: true, force: true }))
  const scene = openScene(t)
  const orders: Order[] = []
  const target = scene.target(async (message, response) => {
    let body = ''
    for await (const chunk of message.setEncoding('utf8')) body += String(chunk)
    const callbackUrl = String(message.headers['x-callback-url'] ?? '')
    const { method = '', url = '', headers } = message
    orders.push({ method, url, headers, body, response, callbackUrl })
    if (acknowledge) response.writeHead(202).end('accepted')
  })
  return {
    scene,
    folder,
    orders,
    order: async (place) => {
      await until(`request ${place} is at the backend`, () => orders.length > place)
      return orders[place] as Order
    },
    open: async ({ route, routeRest, config, deps } = {}) =>
      scene.gateway(
        {
          upstreams: upstreamOf(await target),
          routes: [{ match: '/work/*', callback: { upstream: 'work', ...route }, ...routeRest }],
          ...config,
        },
        { folder, ...deps },
      ),
  }
}

/** Posts like a backend: the URL may use any host name for the gateway. */
export function post(url: string, body: AskOptions['body'], headers: AskOptions['headers'] = {}): Promise<Answer> {
  const { port, pathname, search } = new URL(url)
  const type = { 'content-type': 'application/json' }
  return ask(`http://127.0.0.1:${port}${pathname}${search}`, {
    method: 'POST',
    headers: { ...type, ...headers },
    ...(body === undefined ? {} : { body }),
  })
}

export function ticketOf({ body, headers }: Answer): string {
  const { ticket } = JSON.parse(body) as { readonly ticket: string }
  return ticket ?? headers.location
}
