import type { RefObject } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

/** The width of an element, for drawings that depend on it. */
export function useWidth<T extends Element>(first: number): readonly [RefObject<T | null>, number] {
  const element = useRef<T>(null)
  const [width, setWidth] = useState(first)
  useEffect(() => {
    const watched = element.current
    if (watched === null) return
    const resized = new ResizeObserver(() => setWidth(watched.clientWidth))
    resized.observe(watched)
    return () => resized.disconnect()
  }, [])
  return [element, width]
}
