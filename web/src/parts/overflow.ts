import type { RefObject } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

/** The sides on which a scrolling element has more to show: `start`, `end`, `start end`; undefined if it shows all. */
export function useOverflow<T extends HTMLElement>(): readonly [RefObject<T | null>, string | undefined] {
  const element = useRef<T>(null)
  const [sides, setSides] = useState<string>()
  useEffect(() => {
    const box = element.current
    if (box === null) return
    const look = (): void => {
      const { scrollLeft, scrollWidth, clientWidth } = box
      // Widths are rounded.
      const [start, end] = [scrollLeft > 1, scrollLeft + clientWidth < scrollWidth - 1]
      const text = [...(start ? ['start'] : []), ...(end ? ['end'] : [])].join(' ')
      setSides(text === '' ? undefined : text)
    }
    const resized = new ResizeObserver(look)
    resized.observe(box)
    if (box.firstElementChild !== null) resized.observe(box.firstElementChild)
    box.addEventListener('scroll', look, { passive: true })
    return () => {
      resized.disconnect()
      box.removeEventListener('scroll', look)
    }
  }, [])
  return [element, sides]
}
