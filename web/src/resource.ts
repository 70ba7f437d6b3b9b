import { useEffect, useRef, useState } from 'preact/hooks'
import { ApiFault, ask, noAnswer } from './api.ts'
import { token } from './session.ts'
import { useStore } from './store.ts'
import { waitMs } from './waits.ts'

export interface Resource<T> {
  readonly data: T | undefined
  readonly fault: ApiFault | undefined
  readonly reload: () => void
}

/** Half-open connections never answer. */
const silenceMs = 15_000

/**
 * The data at a path of the API, reloaded every `everyMs` while the tab is visible. In a hidden tab the first request
 * waits until the tab is shown. Errors are shown, and retried with growing delays; only a refusal by the gateway itself
 * is final, unless the page reloads periodically.
 */
export function useResource<T extends object>(path: string, everyMs?: number): Resource<T> {
  const [state, setState] = useState<{ path: string; data?: T; fault?: ApiFault }>({ path })
  const reload = useRef(() => {})
  // A new token triggers a request at once.
  const bearer = useStore(token)
  useEffect(() => {
    const ended = new AbortController()
    let timer: number | undefined
    let isDue = false
    let failures = 0
    let asked = 0
    const load = async (): Promise<void> => {
      clearTimeout(timer)
      isDue = document.hidden
      if (isDue) return
      const turn = ++asked
      const fault = await loadOnce()
      // A newer request has replaced this one.
      if (ended.signal.aborted || turn !== asked) return
      failures = fault === undefined ? 0 : failures + 1
      const againMs = fault === undefined || isRefusal(fault) ? everyMs : waitMs(failures - 1, everyMs)
      if (againMs !== undefined) timer = window.setTimeout(() => void load(), againMs)
    }
    const loadOnce = async (): Promise<ApiFault | undefined> => {
      try {
        const data = await ask<T>(path, { signal: AbortSignal.any([ended.signal, AbortSignal.timeout(silenceMs)]) })
        if (!ended.signal.aborted) setState({ path, data })
        return undefined
      } catch (reason) {
        const fault = reason instanceof ApiFault ? reason : new ApiFault(0, noAnswer)
        if (ended.signal.aborted) return fault
        // The last data stays while the gateway cannot be reached.
        setState((last) => (fault.status === 0 && last.path === path ? { ...last, fault } : { path, fault }))
        return fault
      }
    }
    const wake = (): void => {
      if (isDue) void load()
    }
    document.addEventListener('visibilitychange', wake)
    reload.current = () => void load()
    void load()
    return () => {
      ended.abort()
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', wake)
    }
  }, [path, everyMs, bearer])
  const fits = state.path === path
  return {
    data: fits ? state.data : undefined,
    fault: fits ? state.fault : undefined,
    reload: () => reload.current(),
  }
}

/** The gateway has refused, and would again. */
function isRefusal({ status }: ApiFault): boolean {
  return status >= 400 && status < 500
}
