import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { ApiFault } from '../api.ts'

interface ConfirmProps {
  /** The button's label. */
  readonly label: string
  /** Distinguishes buttons with the same label. */
  readonly about: string
  readonly title: string
  readonly danger?: boolean
  readonly act: () => Promise<void>
  readonly children: ComponentChildren
}

/** A button that asks for confirmation, and stays open to show an error. */
export function Confirm({ label, about, title, danger, act, children }: ConfirmProps) {
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <button type="button" class={danger === true ? 'danger small' : 'small'} onClick={() => setOpen(true)}>
        {label} <span class="unseen">{about}</span>
      </button>
      {isOpen ? (
        <Question {...{ label, title, act, danger }} close={() => setOpen(false)}>
          {children}
        </Question>
      ) : null}
    </>
  )
}

interface QuestionProps extends Pick<ConfirmProps, 'label' | 'title' | 'act' | 'children'> {
  readonly danger: boolean | undefined
  readonly close: () => void
}

function Question({ label, title, danger, act, close, children }: QuestionProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const [isBusy, setBusy] = useState(false)
  const [fault, setFault] = useState<string>()
  useEffect(() => dialog.current?.showModal(), [])
  const go = async (): Promise<void> => {
    setBusy(true)
    try {
      await act()
      dialog.current?.close()
    } catch (reason) {
      if (!(reason instanceof ApiFault)) throw reason
      setFault(reason.message)
      setBusy(false)
    }
  }
  return (
    <dialog ref={dialog} onClose={close} aria-label={title}>
      <h2>{title}</h2>
      <div>{children}</div>
      <p class="fault" role="alert">
        {fault}
      </p>
      <div class="actions">
        <button type="button" onClick={() => dialog.current?.close()}>
          Cancel
        </button>
        <button
          type="button"
          class={danger === true ? 'danger solid' : 'solid'}
          disabled={isBusy}
          onClick={() => void go()}
        >
          {label}
        </button>
      </div>
    </dialog>
  )
}
