import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type Profile, ProfileError } from './profile.ts'
import { readBody } from './request-body.ts'
import type { BackendStats } from './stats.ts'

/** Where a running backend is inspected and changed, on its own port and on its control port. */
export const controlPath = '/_backend'

export interface ControlState {
  readonly name: string
  readonly url: string
  readonly profile: Profile
  readonly stats: BackendStats
}

/** The backend behind the control endpoint. */
export interface Controlled {
  state(): ControlState
  /** Rejects with a `ProfileError`. A change that closes all connections leaves the given one open. */
  patch(patch: unknown, except: Socket): Promise<unknown>
}

const maxPatchBytes = 1024 * 1024

/** `GET /_backend` returns the profile and the counts; `PATCH /_backend` takes a merge patch of the profile. */
export function serveControl(controlled: Controlled, incoming: IncomingMessage, response: ServerResponse): void {
  if (incoming.url?.split('?', 1)[0] !== controlPath)
    return answer(response, 404, { errors: [`unknown path; available: ${controlPath}`] })
  if (incoming.method === 'GET') return answer(response, 200, controlled.state())
  if (incoming.method !== 'PATCH') {
    response.setHeader('allow', 'GET, PATCH')
    return answer(response, 405, { errors: ['allowed methods: GET, PATCH'] })
  }
  readBody(incoming, maxPatchBytes, (body) => {
    void applyPatch(controlled, body, incoming.socket).then(({ status, json }) => answer(response, status, json))
  })
}

interface Result {
  readonly status: number
  readonly json: unknown
}

async function applyPatch(controlled: Controlled, body: Uint8Array | undefined, socket: Socket): Promise<Result> {
  if (body === undefined) return { status: 413, json: { errors: [`a patch has at most ${maxPatchBytes} bytes`] } }
  try {
    await controlled.patch(JSON.parse(new TextDecoder().decode(body)), socket)
    return { status: 200, json: controlled.state() }
  } catch (error) {
    if (error instanceof ProfileError) return { status: 400, json: { errors: error.reasons } }
    if (error instanceof SyntaxError)
      return { status: 400, json: { errors: [`the patch is not JSON: ${error.message}`] } }
    throw error
  }
}

function answer(response: ServerResponse, status: number, json: unknown): void {
  if (response.destroyed) return
  const body = JSON.stringify(json)
  // Never kept: a connection that outlived a change to `refuse` would still reach a backend that refuses.
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  })
  response.end(body)
}
