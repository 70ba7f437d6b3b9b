import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import { theme } from '../session.ts'
import { useStore } from '../store.ts'

export interface Series {
  readonly label: string
  /** The name of a custom property in `base.css`, without the dashes. */
  readonly colour: string
  /** Distinguishes lines without colour. */
  readonly dash?: readonly number[]
  readonly values: readonly (number | undefined)[]
  readonly format: (value: number | undefined) => string
}

interface ChartProps {
  readonly title: string
  /** Seconds since 1970, one per value. */
  readonly times: readonly number[]
  readonly series: readonly Series[]
  /** Formats the labels of the axis. */
  readonly axis: (value: number) => string
}

const heightPx = 168
/** Shorter histories are aligned to the right. */
const leastSeconds = 60

/** Lines over the last ten minutes; on hover, the legend shows the values of that second. */
export function Chart({ title, times, series, axis }: ChartProps) {
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  const legend = useRef<(HTMLElement | null)[]>([])
  const shown = useRef({ times, series })
  shown.current = { times, series }
  const chosen = useStore(theme)

  const tell = (index: number | undefined): void => {
    for (const [place, { values, format }] of shown.current.series.entries()) {
      const element = legend.current[place]
      if (element !== null && element !== undefined) element.textContent = format(values[index ?? values.length - 1])
    }
  }

  useEffect(() => {
    const element = box.current
    if (element === null) return
    const make = (): void => {
      plot.current?.destroy()
      const options = optionsOf(element, shown.current.series, axis, (index) => tell(index))
      plot.current = new uPlot(options, dataOf(shown.current), element)
    }
    make()
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: heightPx }))
    resized.observe(element)
    const system = matchMedia('(prefers-color-scheme: dark)')
    system.addEventListener('change', make)
    return () => {
      resized.disconnect()
      system.removeEventListener('change', make)
      plot.current?.destroy()
      plot.current = undefined
    }
  }, [chosen])

  useEffect(() => {
    plot.current?.setData(dataOf({ times, series }))
    tell(plot.current?.cursor.idx ?? undefined)
  }, [times, series])

  const told = series.map(({ label, values, format }) => `${label} ${format(values.at(-1))}`).join(', ')
  return (
    <figure class="card chart">
      <figcaption>
        <h2>{title}</h2>
        <ul class="legend">
          {series.map(({ label, colour, dash }, place) => (
            <li key={label}>
              <svg class="line-swatch" width="20" height="8" aria-hidden="true">
                <line x1="0" y1="4" x2="20" y2="4" class={`stroke-${colour}`} stroke-dasharray={dash?.join(' ')} />
              </svg>
              {label} <b ref={(element) => void (legend.current[place] = element)} />
            </li>
          ))}
        </ul>
      </figcaption>
      <div ref={box} role="img" aria-label={`${title}, a line chart of the last ten minutes. Now: ${told}`} />
    </figure>
  )
}

function optionsOf(
  element: HTMLElement,
  series: readonly Series[],
  axis: (value: number) => string,
  onCursor: (index: number | undefined) => void,
): uPlot.Options {
  const style = getComputedStyle(element)
  // A canvas does not understand `light-dark()`; the computed value of a used colour is plain.
  const colour = (name: string): string => {
    element.style.color = `var(--${name})`
    const plain = style.color
    element.style.color = ''
    return plain
  }
  const lines = { stroke: colour('line'), width: 1 }
  const text = { stroke: colour('quiet'), font: `11px ${style.fontFamily}`, ticks: { show: false } }
  return {
    width: element.clientWidth,
    height: heightPx,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
    scales: {
      x: { time: true, range: (_plot, min, max) => [Math.min(min ?? 0, (max ?? 0) - leastSeconds), max ?? 0] },
      y: { range: (_plot, _min, max) => [0, Math.max(1, (max ?? 0) * 1.1)] },
    },
    axes: [
      {
        ...text,
        grid: { show: false },
        space: 70,
        gap: 9,
        size: 30,
        values: (_plot, at) => at.map(timeOf),
      },
      { ...text, grid: lines, space: 34, size: 52, values: (_plot, at) => at.map((value) => axis(value)) },
    ],
    series: [
      {},
      ...series.map(({ label, colour: name, dash }) => ({
        label,
        stroke: colour(name),
        width: 1.75,
        ...(dash === undefined ? {} : { dash: [...dash] }),
        points: { show: false },
        spanGaps: false,
      })),
    ],
    hooks: { setCursor: [(plot) => onCursor(plot.cursor.idx ?? undefined)] },
  }
}

function dataOf({ times, series }: Pick<ChartProps, 'times' | 'series'>): uPlot.AlignedData {
  return [[...times], ...series.map(({ values }) => values.map((value) => value ?? null))]
}

function timeOf(second: number): string {
  return new Date(second * 1000).toLocaleTimeString('en-GB')
}
