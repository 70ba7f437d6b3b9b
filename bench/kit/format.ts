/** Formats figures for people: thousands separators, significant digits only. */
export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

export function us(value: number): string {
  return `${value < 100 ? value.toFixed(1) : whole(value)} us`
}

export function ms(value: number): string {
  return `${value < 10 ? value.toFixed(1) : whole(value)} ms`
}

export function mib(value: number): string {
  return `${whole(value)} MiB`
}

export function times(value: number): string {
  return value.toFixed(2)
}

export function share(value: number): string {
  return `${Math.round(value * 100)} %`
}

export function clockTime(seconds: number): string {
  const rounded = Math.round(seconds)
  return rounded < 60 ? `${rounded} s` : `${Math.floor(rounded / 60)} min ${rounded % 60} s`
}

export interface Table {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** For the terminal: first column left-aligned, figures right-aligned. */
export function asText({ head, rows }: Table): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
  return [head, ...rows].map((row) => `  ${line(row)}`.trimEnd()).join('\n')
}

export function asMarkdown({ head, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const rule = `|${head.map((_, column) => (column === 0 ? '---' : '---:')).join('|')}|`
  return [line(head), rule, ...rows.map(line)].join('\n')
}
