import { useEffect, useId, useRef } from 'preact/hooks'
import { type TermName, terms } from '../terms.ts'

interface TermProps {
  readonly name: TermName
  /** The word on the page. */
  readonly children: string
}

const marginPx = 8

/**
 * A word with an explanation, which opens on hover, on keyboard focus and on touch; Escape and a press elsewhere close
 * it. Screen readers hear it as the description of the word.
 */
export function Term({ name, children }: TermProps) {
  const id = useId()
  const word = useRef<HTMLButtonElement>(null)
  const tip = useRef<HTMLSpanElement>(null)
  const show = (): void => {
    if (tip.current === null || word.current === null || tip.current.matches(':popover-open')) return
    tip.current.showPopover()
    place(tip.current, word.current.getBoundingClientRect())
  }
  const hide = (): void => tip.current?.hidePopover()
  useEffect(() => {
    // An open explanation stays where it is; its word does not.
    addEventListener('scroll', hide, { capture: true, passive: true })
    return () => removeEventListener('scroll', hide, { capture: true })
  }, [])
  return (
    <>
      <button
        type="button"
        class="term"
        ref={word}
        aria-describedby={id}
        onClick={show}
        onFocus={(event) => event.currentTarget.matches(':focus-visible') && show()}
        onBlur={hide}
        onPointerEnter={({ pointerType }) => pointerType === 'mouse' && show()}
        onPointerLeave={({ pointerType }) => pointerType === 'mouse' && hide()}
      >
        {children}
      </button>
      <span id={id} ref={tip} popover="auto" role="tooltip" class="tip">
        {terms[name]}
      </span>
    </>
  )
}

/** Below the word, or above it if there is no room; never beyond the edge of the screen. */
function place(tip: HTMLElement, word: DOMRect): void {
  const { width, height } = tip.getBoundingClientRect()
  const left = Math.max(marginPx, Math.min(word.left, innerWidth - width - marginPx))
  const below = word.bottom + marginPx
  const top = below + height > innerHeight ? word.top - height - marginPx : below
  tip.style.left = `${left}px`
  tip.style.top = `${top}px`
}
