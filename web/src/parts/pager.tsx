interface PagerProps {
  /** Undefined on the first page. */
  readonly newest: string | undefined
  /** Undefined on the last page. */
  readonly older: string | undefined
}

export function Pager({ newest, older }: PagerProps) {
  if (newest === undefined && older === undefined) return null
  return (
    <nav class="pager" aria-label="More of the list">
      {newest === undefined ? null : <a href={newest}>First page</a>}
      {older === undefined ? null : (
        <a href={older} rel="next">
          Next page
        </a>
      )}
    </nav>
  )
}
