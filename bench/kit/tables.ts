import { asText, mib, ms, type Table, times, us, whole } from './format.ts'
import { type Figures, medianOf, medianRatio } from './measure.ts'
import type { Case } from './results.ts'

/** One contender's figures, relative to the first. */
export function figureCells(figures: Figures, first: Figures) {
  return {
    name: figures.name,
    cpu: us(medianOf(figures, ({ cpuUs }) => cpuUs)),
    ratio: times(medianRatio(figures, first, ({ cpuUs }) => cpuUs)),
    rate: whole(medianOf(figures, ({ requestsPerSecond }) => requestsPerSecond)),
    mibPerSecond: whole(medianOf(figures, ({ mibPerSecond }) => mibPerSecond)),
    p50: ms(medianOf(figures, ({ p50Ms }) => p50Ms)),
    p99: ms(medianOf(figures, ({ p99Ms }) => p99Ms)),
    resident: mib(medianOf(figures, ({ residentMiB }) => residentMiB.peak)),
    residentBefore: mib(medianOf(figures, ({ residentMiB }) => residentMiB.before)),
    residentAfter: mib(medianOf(figures, ({ residentMiB }) => residentMiB.after)),
    failed: whole(figures.rounds.reduce((sum, { failed }) => sum + failed, 0)),
  }
}

type Cells = ReturnType<typeof figureCells>

export function tableOf(found: Case, columns: readonly (readonly [string, keyof Cells])[]): Table {
  const first = found.figures[0] as Figures
  const rows = found.figures.map((figures) => {
    const cells = figureCells(figures, first)
    return columns.map(([, key]) => cells[key])
  })
  return { head: columns.map(([title]) => title), rows }
}

/** For the terminal. */
export function caseTable(found: Case): string {
  const isLarge = found.suite === 'bodies'
  return asText(
    tableOf(found, [
      ['', 'name'],
      ['CPU/request', 'cpu'],
      [`x ${found.figures[0]?.name}`, 'ratio'],
      ['requests/s', 'rate'],
      ...(isLarge ? ([['MiB/s', 'mibPerSecond']] as const) : []),
      ['p50', 'p50'],
      ['p99', 'p99'],
      ['resident', 'residentBefore'],
      ['highest', 'resident'],
      ['after', 'residentAfter'],
      ['failed', 'failed'],
    ]),
  )
}

/** The share that an idle machine uses now and then. */
export const quietShare = 0.05

/** The largest share of a contender's core used by other processes, as the median of its rounds. */
export function othersShare(cases: readonly Case[]): number {
  return Math.max(
    0,
    ...cases.flatMap(({ figures }) => figures.map((one) => medianOf(one, (round) => round.othersShare))),
  )
}
