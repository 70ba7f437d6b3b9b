import type { RefObject } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

/** How wide an element is, for drawings that are made to measure. */
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
