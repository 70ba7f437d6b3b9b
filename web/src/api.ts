import { useEffect, useRef, useState } from 'preact/hooks'
import { loginNeeded, token } from './session.ts'
import { useStore } from './store.ts'

/** What the admin API said instead of an answer; status 0 where it said nothing. */
export class ApiFault extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.name = 'ApiFault'
    this.status = status
  }
}

/** One request to the admin API, with the token if there is one. Throws an `ApiFault` unless the status is 2xx. */
export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers)
  const bearer = token.get()
  if (bearer !== undefined && !headers.has('authorization')) headers.set('authorization', `Bearer ${bearer}`)
  const response = await fetch(path, { ...init, headers }).catch((fault: unknown) => {
    if (init.signal?.aborted === true) throw fault
    throw new ApiFault(0, 'The gateway does not answer.')
  })
  if (response.ok) return response
  if (response.status === 401) loginNeeded.set(true)
  throw new ApiFault(response.status, await faultText(response))
}

export async function ask<T>(path: string, init: RequestInit = {}): Promise<T> {
  return (await (await request(path, init)).json()) as T
}

/** A JSON merge patch. */
export function patch<T>(path: string, change: object): Promise<T> {
  const headers = { 'content-type': 'application/merge-patch+json' }
  return ask<T>(path, { method: 'PATCH', headers, body: JSON.stringify(change) })
}

async function faultText(response: Response): Promise<string> {
  const text = (await response.text()).trim()
  try {
    const { detail, errors } = JSON.parse(text) as { detail?: string; errors?: readonly string[] }
    return detail ?? errors?.join('\n') ?? text
  } catch {
    return text === '' ? `The gateway answered ${response.status}.` : text
  }
}

export interface Resource<T> {
  readonly data: T | undefined
  readonly fault: ApiFault | undefined
  readonly reload: () => void
}

/** What stands at a path of the API, asked again every so often while the tab is seen. */
export function useResource<T>(path: string, everyMs?: number): Resource<T> {
  const [state, setState] = useState<{ path: string; data?: T; fault?: ApiFault }>({ path })
  const reload = useRef(() => {})
  // A new token is a reason to ask again at once.
  const bearer = useStore(token)
  useEffect(() => {
    const ended = new AbortController()
    let timer: number | undefined
    const load = async (): Promise<void> => {
      clearTimeout(timer)
      try {
        if (!document.hidden) {
          const data = await ask<T>(path, { signal: ended.signal })
          if (!ended.signal.aborted) setState({ path, data })
        }
      } catch (fault) {
        if (ended.signal.aborted) return
        if (!(fault instanceof ApiFault)) throw fault
        // What was seen last stays while the gateway is away.
        setState((last) => (fault.status === 0 && last.path === path ? { ...last, fault } : { path, fault }))
      }
      if (everyMs !== undefined && !ended.signal.aborted) timer = window.setTimeout(() => void load(), everyMs)
    }
    reload.current = () => void load()
    void load()
    return () => {
      ended.abort()
      clearTimeout(timer)
    }
  }, [path, everyMs, bearer])
  const fits = state.path === path
  return {
    data: fits ? state.data : undefined,
    fault: fits ? state.fault : undefined,
    reload: () => reload.current(),
  }
}
