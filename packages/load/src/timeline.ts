import { CoarseHistogram } from './coarse-histogram.ts'
import type { Verdict } from './tally.ts'

/** Figures for one interval of a run. */
export interface Moment {
  readonly startMs: number
  readonly widthMs: number
  readonly sent: number
  /** Ended, with whatever result. */
  readonly ended: number
  readonly completed: number
  /** Late, failed or timed out. */
  readonly failed: number
  /** Undefined if nothing was answered. */
  readonly p50Ms: number | undefined
  readonly p99Ms: number | undefined
}

interface Cell {
  sent: number
  ended: number
  completed: number
  failed: number
  readonly latency: CoarseHistogram
}

/** Beyond this number of cells, every two are merged into one. 256 cells take 0.5 MiB. */
const cellLimit = 256
const firstWidthMs = 100

export class Timeline {
  #cells: Cell[] = []
  #widthMs = firstWidthMs

  sent(atMs: number): void {
    this.#cellAt(atMs).sent++
  }

  ended(atMs: number, verdict: Verdict, latencyMs: number | undefined): void {
    const cell = this.#cellAt(atMs)
    cell.ended++
    if (verdict === 'completed') cell.completed++
    else if (verdict !== 'abandoned') cell.failed++
    if (latencyMs !== undefined) cell.latency.record(latencyMs)
  }

  moments(): readonly Moment[] {
    return this.#cells.map(({ latency, ...cell }, place) => ({
      ...cell,
      startMs: place * this.#widthMs,
      widthMs: this.#widthMs,
      p50Ms: latency.quantileMs(0.5),
      p99Ms: latency.quantileMs(0.99),
    }))
  }

  /** Latencies of the whole run. */
  total(): CoarseHistogram {
    const sum = new CoarseHistogram()
    for (const { latency } of this.#cells) sum.add(latency)
    return sum
  }

  #cellAt(atMs: number): Cell {
    while (atMs >= this.#widthMs * cellLimit) this.#halve()
    const place = Math.max(0, Math.floor(atMs / this.#widthMs))
    while (this.#cells.length <= place) this.#cells.push(emptyCell())
    return this.#cells[place] as Cell
  }

  #halve(): void {
    this.#widthMs *= 2
    const halved: Cell[] = []
    for (let place = 0; place < this.#cells.length; place += 2) {
      const cell = this.#cells[place] as Cell
      const next = this.#cells[place + 1]
      if (next !== undefined) addTo(cell, next)
      halved.push(cell)
    }
    this.#cells = halved
  }
}

function emptyCell(): Cell {
  return { sent: 0, ended: 0, completed: 0, failed: 0, latency: new CoarseHistogram() }
}

function addTo(cell: Cell, other: Cell): void {
  cell.sent += other.sent
  cell.ended += other.ended
  cell.completed += other.completed
  cell.failed += other.failed
  cell.latency.add(other.latency)
}
