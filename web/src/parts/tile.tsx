import type { TermName } from '../terms.ts'
import { Term } from './term.tsx'

interface TileProps {
  readonly name: string
  /** Explains the name. */
  readonly term?: TermName
  readonly value: string
  readonly note: string
  readonly isBad?: boolean
  /** The page that shows more. */
  readonly href?: string
}

/** One current figure. */
export function Tile({ name, term, value, note, isBad, href }: TileProps) {
  return (
    <div class="tile">
      <dt>{term === undefined ? name : <Term name={term}>{name}</Term>}</dt>
      <dd class="value">
        {href === undefined ? (
          value
        ) : (
          <a href={href} aria-label={`${value}, show ${name}`}>
            {value}
          </a>
        )}
      </dd>
      <dd class={isBad === true ? 'note bad' : 'note'}>{isBad === true ? `▲ ${note}` : note}</dd>
    </div>
  )
}
