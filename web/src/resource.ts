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

/** Half-open connections answer nothing, for ever. */
const silenceMs = 15_000

/**
 * What stands at a path of the API, asked again every so often while the tab is seen. One that is opened unseen asks
 * once it is seen. Whatever goes wrong is told, and tried again, later each time; only what the gateway itself refuses
 * to a page that asks once stays refused.
 */
export function useResource<T extends object>(path: string, everyMs?: number): Resource<T> {
  const [state, setState] = useState<{ path: string; data?: T; fault?: ApiFault }>({ path })
  const reload = useRef(() => {})
  // A new token is a reason to ask again at once.
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
      // Another one was asked for meanwhile: that one goes on.
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
        // What was seen last stays while the gateway is away.
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

/** It has said no, and would again. */
function isRefusal({ status }: ApiFault): boolean {
  return status >= 400 && status < 500
}
