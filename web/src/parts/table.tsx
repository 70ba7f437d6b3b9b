import type { ComponentChildren } from 'preact'

export interface Column {
  readonly title: string
  /** `told`: hidden on narrow screens, where the first column shows the same. */
  readonly kind?: 'number' | 'wide' | 'told'
}

interface TableProps {
  readonly caption: string
  /** For pages whose heading says the same already. */
  readonly captionUnseen?: boolean
  readonly columns: readonly Column[]
  readonly children: ComponentChildren
}

/** If it is wider than the screen, it scrolls by itself, by keyboard too. */
export function Table({ caption, captionUnseen, columns, children }: TableProps) {
  return (
    <div class="table" role="region" aria-label={caption} tabindex={0}>
      <table>
        <caption class={captionUnseen === true ? 'unseen' : undefined}>{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ title, kind }) => (
              <th key={title} scope="col" class={kind}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  )
}
