import { useEffect, useRef, useState } from 'preact/hooks'

/** Updates a value at most once per interval, for expensive drawings. */
export function useSettled<T>(value: T, everyMs = 1000): T {
  const [settled, setSettled] = useState(value)
  const latest = useRef(value)
  const settledAtMs = useRef(performance.now())
  const timer = useRef<number | undefined>(undefined)
  latest.current = value
  useEffect(() => {
    // A running timer will use the latest value.
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
