export const madeFrom = (source: string): string =>
  `<!-- Made from ${source} by \`npm run reference\`. Changes belong there. -->`

export function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`
  return [line(columns), `|${' --- |'.repeat(columns.length)}`, ...rows.map(line)].join('\n')
}

export function code(text: string): string {
  return `\`${text}\``
}

export function yaml(text: string): string {
  return `\`\`\`yaml\n${text.trim()}\n\`\`\``
}

/** Joins paragraphs, tables and so on with an empty line between them. */
export function page(parts: readonly string[]): string {
  return `${parts.join('\n\n')}\n`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}
