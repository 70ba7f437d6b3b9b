import type { ComponentChildren } from 'preact'
import type { ApiFault } from '../api.ts'

/** Shown if there is no data; says what would change that. */
export function Empty({ title, children }: { readonly title: string; readonly children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children === undefined ? null : <p>{children}</p>}
    </div>
  )
}

interface LoadedProps<T> {
  readonly data: T | undefined
  readonly fault: ApiFault | undefined
  readonly children: (data: T) => ComponentChildren
}

/** Shows the API's answer, or why there is none; an earlier answer stays, and is marked as old. */
export function Loaded<T>({ data, fault, children }: LoadedProps<T>) {
  if (data !== undefined)
    return (
      <>
        {fault === undefined ? null : (
          <p class="fault" role="status">
            This may be out of date: it could not be loaded again. {fault.message}
          </p>
        )}
        {children(data)}
      </>
    )
  if (fault === undefined) return <p class="quiet">Loading …</p>
  return (
    <div class="empty" role="alert">
      <p class="empty-title">This could not be loaded.</p>
      <p>{fault.message}</p>
    </div>
  )
}
