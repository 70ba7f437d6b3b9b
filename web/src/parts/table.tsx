import type { ComponentChildren } from 'preact'
import type { TermName } from '../terms.ts'
import { useOverflow } from './overflow.ts'
import { Term } from './term.tsx'

export interface Column {
  readonly title: string
  /** Explains the title. */
  readonly term?: TermName
  /** Classes in `parts.css`. `told`: hidden on narrow screens, where another column shows the same. */
  readonly kind?: string
}

interface TableProps {
  readonly caption: string
  /** For pages whose heading says the same already. */
  readonly captionUnseen?: boolean
  /** Columns have the same widths in every such table of the page. */
  readonly aligned?: boolean
  readonly columns: readonly Column[]
  readonly children: ComponentChildren
}

/** If it is wider than the screen, it scrolls by itself, by keyboard too; a shadow shows where there is more. */
export function Table({ caption, captionUnseen, aligned, columns, children }: TableProps) {
  const [box, hidden] = useOverflow<HTMLDivElement>()
  return (
    <div class="table" data-more={hidden}>
      <div class="scroller" ref={box} role="region" aria-label={caption} tabindex={0}>
        <table class={aligned === true ? 'aligned' : undefined}>
          <caption class={captionUnseen === true ? 'unseen' : undefined}>{caption}</caption>
          <thead>
            <tr>
              {columns.map(({ title, term, kind }) => (
                <th key={title} scope="col" class={kind}>
                  {term === undefined ? title : <Term name={term}>{title}</Term>}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>{children}</tbody>
        </table>
      </div>
    </div>
  )
}
