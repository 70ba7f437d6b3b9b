import { Fragment } from 'preact'
import { piecesOf } from '../pieces.ts'

/** A path, URL or id, which wraps only where it reads well. */
export function Path({ text, maxLength }: { readonly text: string; readonly maxLength?: number }) {
  const isLong = maxLength !== undefined && text.length > maxLength
  const pieces = piecesOf(isLong ? `${text.slice(0, maxLength)}…` : text)
  return (
    <span class="path">
      {pieces.map((piece, index) => (
        <Fragment key={index}>
          {index > 0 ? <wbr /> : null}
          {piece}
        </Fragment>
      ))}
    </span>
  )
}
