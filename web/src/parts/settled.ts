import { useEffect, useRef, useState } from 'preact/hooks'

/** A value as of at most once a second, for what is dear to draw. */
export function useSettled<T>(value: T, everyMs = 1000): T {
  const [settled, setSettled] = useState(value)
  const latest = useRef(value)
  const settledAtMs = useRef(performance.now())
  const timer = useRef<number | undefined>(undefined)
  latest.current = value
  useEffect(() => {
    // One that is set takes what is latest then.
    if (timer.current !== undefined) return
    const settle = (): void => {
      timer.current = undefined
      settledAtMs.current = performance.now()
      setSettled(() => latest.current)
    }
    timer.current = window.setTimeout(settle, Math.max(0, settledAtMs.current + everyMs - performance.now()))
  }, [value, everyMs])
  useEffect(() => () => clearTimeout(timer.current), [])
  return settled
}
