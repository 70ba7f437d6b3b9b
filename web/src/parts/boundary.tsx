import type { ComponentChildren } from 'preact'
import { useErrorBoundary } from 'preact/hooks'

/** A page that fails to render, because of an unexpected answer, must not break the others. */
export function Boundary({ children }: { readonly children: ComponentChildren }) {
  const [fault, again] = useErrorBoundary((reason: unknown) => console.warn(reason))
  if (fault === undefined) return <>{children}</>
  return (
    <div class="empty" role="alert">
      <h1 class="empty-title">This page could not be drawn.</h1>
      <p>What answered may not have been the gateway.</p>
      <button type="button" onClick={again}>
        Try again
      </button>
    </div>
  )
}
