import type { LeftOut } from './figures-schema.ts'

interface Counted {
  /** Activity in the last minutes. */
  readonly recent: number
}

export interface Chosen<R, T> {
  readonly routes: readonly (readonly [name: string, figures: R])[]
  readonly targets: readonly T[]
  readonly leftOut: LeftOut | undefined
}

/** The busiest `count` routes and targets in total, in configuration order; all of them if they fit. */
export function busiestOf<R extends Counted, T extends Counted>(
  routes: ReadonlyMap<string, R>,
  targets: ReadonlyMap<unknown, T>,
  count: number,
): Chosen<R, T> {
  const all = { routes: [...routes], targets: [...targets.values()] }
  const tooMany = routes.size + targets.size - count
  if (tooMany <= 0) return { ...all, leftOut: undefined }
  // Half for each; one side may use the unused share of the other.
  const half = Math.floor(count / 2)
  const routeCount = Math.min(routes.size, Math.max(half, count - targets.size))
  const targetCount = count - routeCount
  return {
    routes: first(all.routes, routeCount, ([, { recent }]) => recent),
    targets: first(all.targets, targetCount, ({ recent }) => recent),
    leftOut: { routes: routes.size - routeCount, targets: targets.size - targetCount },
  }
}

function first<E>(entries: readonly E[], count: number, busy: (entry: E) => number): readonly E[] {
  if (entries.length <= count) return entries
  return entries
    .map((entry, index) => ({ entry, index, busy: busy(entry) }))
    .sort((a, b) => b.busy - a.busy || a.index - b.index)
    .slice(0, count)
    .sort((a, b) => a.index - b.index)
    .map(({ entry }) => entry)
}
