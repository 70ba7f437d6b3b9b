interface TileProps {
  readonly name: string
  readonly value: string
  readonly note: string
  readonly isBad?: boolean
  readonly href?: string
}

/** One current figure. */
export function Tile({ name, value, note, isBad, href }: TileProps) {
  return (
    <div class="tile">
      <dt>{href === undefined ? name : <a href={href}>{name}</a>}</dt>
      <dd class="value">{value}</dd>
      <dd class={isBad === true ? 'note bad' : 'note'}>{isBad === true ? `▲ ${note}` : note}</dd>
    </div>
  )
}
