/** Programs generate the text between `<!-- figures: NAME -->` and `<!-- /figures -->`; people write the rest. */
export type Makers = Readonly<Record<string, () => string>>

const block = /<!-- figures: (\S+) -->\n[^]*?<!-- \/figures -->/g

export function fillBlocks(text: string, makers: Makers): string {
  const opened = text.match(/<!-- figures: /g)?.length ?? 0
  const closed = text.match(/<!-- \/figures -->/g)?.length ?? 0
  if (opened !== closed) throw new Error(`${opened} blocks of figures are opened, ${closed} closed`)
  return text.replace(block, (_whole, name: string) => {
    const make = makers[name]
    if (make === undefined) throw new Error(`No figures ${name}; there are ${Object.keys(makers).join(', ')}`)
    return `<!-- figures: ${name} -->\n${make()}\n<!-- /figures -->`
  })
}
