import { useEffect, useState } from 'preact/hooks'

interface CopyButtonProps {
  readonly text: string
  /** Says to screen readers what is copied. */
  readonly what: string
}

const shownMs = 2_000

export function CopyButton({ text, what }: CopyButtonProps) {
  const [result, setResult] = useState<'copied' | 'failed'>()
  useEffect(() => {
    if (result === undefined) return
    const timer = setTimeout(() => setResult(undefined), shownMs)
    return () => clearTimeout(timer)
  }, [result])
  const copy = (): void => {
    // Missing on pages that are neither HTTPS nor loopback.
    const writing = navigator.clipboard?.writeText(text) ?? Promise.reject(new Error('no clipboard'))
    writing.then(
      () => setResult('copied'),
      () => setResult('failed'),
    )
  }
  return (
    <span class="actions">
      <span role="status" class={result === 'failed' ? 'bad' : 'quiet'}>
        {result === 'copied' ? '✓ Copied' : result === 'failed' ? 'Select the text and copy it' : ''}
      </span>
      <button type="button" class="small" onClick={copy}>
        Copy <span class="unseen">{what}</span>
      </button>
    </span>
  )
}
