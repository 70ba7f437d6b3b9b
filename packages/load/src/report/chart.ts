/** A point; undefined leaves a gap. */
export type Point = readonly [x: number, y: number | undefined]

export interface Series {
  readonly name: string
  readonly points: readonly Point[]
}

export interface ChartOptions {
  readonly title: string
  readonly series: readonly Series[]
  readonly xText: (x: number) => string
  readonly yText: (y: number) => string
  /** Positions of grid lines and labels; undefined: evenly spaced. */
  readonly xTicks?: readonly number[]
}

const width = 720
const height = 260
const margin = { left: 70, right: 16, top: 34, bottom: 30 } as const

/** Lines over two axes that begin at 0, as SVG text. Colours come from the page's classes `s0`, `s1` and so on. */
export function lineChart({ title, series, xText, yText, xTicks }: ChartOptions): string {
  const all = series.flatMap(({ points }) => points)
  const xMin = Math.min(...all.map(([x]) => x))
  const xMax = Math.max(...all.map(([x]) => x), xMin + 1e-9)
  const yTicks = evenTicks(Math.max(...all.map(([, y]) => y ?? 0), 1e-9))
  const yMax = yTicks.at(-1) as number
  const xAt = (x: number): number => margin.left + ((x - xMin) / (xMax - xMin)) * (width - margin.left - margin.right)
  const yAt = (y: number): number => height - margin.bottom - (y / yMax) * (height - margin.top - margin.bottom)
  const grid = [
    ...yTicks.map(
      (y) =>
        `${line(margin.left, yAt(y), width - margin.right, yAt(y))}${label(margin.left - 6, yAt(y) + 4, 'end', yText(y))}`,
    ),
    ...(xTicks ?? evenTicks(xMax).filter((x) => x >= xMin && x <= xMax)).map((x) =>
      label(xAt(x), height - 10, 'middle', xText(x)),
    ),
  ]
  const lines = series.map(({ points }, place) => `<path class="s${place}" d="${pathOf(points, xAt, yAt)}"/>`)
  const legend = series.map(({ name }, place) => `<tspan class="s${place}" dx="14">${escapeHtml(`— ${name}`)}</tspan>`)
  const heading = `<text class="title" x="${margin.left}" y="18">${escapeHtml(title)}${legend.join('')}</text>`
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(title)}">${heading}${grid.join('')}${lines.join('')}</svg>`
}

export interface Bar {
  readonly label: string
  readonly value: number
  readonly text: string
  readonly isBad?: boolean
}

/** Horizontal bars, one below the other. */
export function barChart(title: string, bars: readonly Bar[]): string {
  const row = 22
  const labelWidth = 190
  const largest = Math.max(...bars.map(({ value }) => value), 1)
  const rows = bars.map(({ label: name, value, text, isBad }, place) => {
    const y = margin.top + place * row
    const length = (value / largest) * (width - labelWidth - 120)
    const rect = `<rect class="${isBad === true ? 'bad' : 'good'}" x="${labelWidth}" y="${y}" width="${round(length)}" height="${row - 6}"/>`
    return `${label(labelWidth - 8, y + 12, 'end', name)}${rect}${label(labelWidth + length + 6, y + 12, 'start', text)}`
  })
  const total = margin.top + bars.length * row + 8
  const heading = `<text class="title" x="8" y="18">${escapeHtml(title)}</text>`
  return `<svg viewBox="0 0 ${width} ${total}" role="img" aria-label="${escapeHtml(title)}">${heading}${rows.join('')}</svg>`
}

export function escapeHtml(text: string): string {
  const signs: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  }
  return text.replaceAll(/[&<>"']/g, (sign) => signs[sign] as string)
}

/** From 0 to at least `largest`, in steps of 1, 2 or 5 times a power of ten. */
export function evenTicks(largest: number): readonly number[] {
  const rough = largest / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10)
  const count = Math.ceil(largest / step - 1e-9)
  return Array.from({ length: count + 1 }, (_, place) => place * step)
}

function pathOf(points: readonly Point[], xAt: (x: number) => number, yAt: (y: number) => number): string {
  let path = ''
  let isDrawing = false
  for (const [x, y] of points) {
    if (y !== undefined) path += `${isDrawing ? 'L' : 'M'}${round(xAt(x))} ${round(yAt(y))}`
    isDrawing = y !== undefined
  }
  return path
}

function line(x1: number, y1: number, x2: number, y2: number): string {
  return `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}"/>`
}

function label(x: number, y: number, anchor: 'start' | 'middle' | 'end', text: string): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escapeHtml(text)}</text>`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
