import type { CallFigures, LiveFigures, OverviewView } from '../../src/admin/api.ts'

/** Sums over the seconds that the gateway reports. Pure, so that they can be tested without a browser. */

/** The charts show ten minutes. */
export const keptSeconds = 600

export function appended(history: readonly LiveFigures[], next: LiveFigures): readonly LiveFigures[] {
  // The overview's last second is often the stream's first one too.
  const before = history.at(-1)?.at === next.at ? history.slice(0, -1) : history
  return [...before.slice(1 - keptSeconds), next]
}

/** Appends the seconds that were missed while disconnected. */
export function joined(history: readonly LiveFigures[], later: readonly LiveFigures[]): readonly LiveFigures[] {
  const last = history.at(-1)?.at ?? ''
  return [...history, ...later.filter(({ at }) => at > last)].slice(-keptSeconds)
}

export interface Sums {
  readonly seconds: number
  readonly calls: number
  readonly failed: number
  /** Attempts beyond one per call. */
  readonly extra: number
  readonly rescued: number
  readonly failures: Readonly<Record<string, number>>
}

/** Sums over all calls, or those of one route. */
export function sumOf(history: readonly LiveFigures[], route?: string): Sums {
  const failures: Record<string, number> = {}
  let [calls, failed, extra, rescued] = [0, 0, 0, 0]
  for (const figures of history) {
    const one = callsIn(figures, route)
    if (one === undefined) continue
    calls += one.calls
    failed += one.failed
    extra += extraIn(one)
    rescued += one.rescued
    for (const [code, count] of Object.entries(one.failures)) failures[code] = (failures[code] ?? 0) + count
  }
  return { seconds: history.length, calls, failed, extra, rescued, failures }
}

export function callsIn(figures: LiveFigures, route: string | undefined): CallFigures | undefined {
  return route === undefined ? figures.total : figures.routes[route]
}

export function extraIn({ calls, extraLoad }: CallFigures): number {
  return Math.round(extraLoad * calls)
}

/** Undefined without calls. */
export function successShare({ calls, failed }: Pick<Sums, 'calls' | 'failed'>): number | undefined {
  return calls === 0 ? undefined : (calls - failed) / calls
}

export function lastSeconds(history: readonly LiveFigures[], seconds: number): readonly LiveFigures[] {
  return history.slice(-seconds)
}

/** Whether it has the fields that pages rely on; a proxy may answer with its own JSON instead of the gateway. */
export function isFigures(value: unknown): value is LiveFigures {
  if (!isObject(value)) return false
  const { at, total, routes, targets, process } = value
  return typeof at === 'string' && [total, routes, process].every(isObject) && Array.isArray(targets)
}

export function isOverview(value: unknown): value is OverviewView {
  if (!isObject(value)) return false
  const { figures, history, routes, features } = value
  return (
    isFigures(figures) &&
    Array.isArray(history) &&
    history.every(isFigures) &&
    Array.isArray(routes) &&
    isObject(features)
  )
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
