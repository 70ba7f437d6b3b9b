/** How many are not told one by one. */
export interface LeftOut {
  readonly routes: number
  readonly targets: number
}

interface Counted {
  /** How busy it was in the last minutes. */
  readonly recent: number
}

export interface Chosen<R, T> {
  readonly routes: readonly (readonly [name: string, figures: R])[]
  readonly targets: readonly T[]
  readonly leftOut: LeftOut | undefined
}

/** So many routes and targets together: the busiest, in the order of the configuration; all, if that is enough. */
export function busiestOf<R extends Counted, T extends Counted>(
  routes: ReadonlyMap<string, R>,
  targets: ReadonlyMap<unknown, T>,
  count: number,
): Chosen<R, T> {
  const all = { routes: [...routes], targets: [...targets.values()] }
  const tooMany = routes.size + targets.size - count
  if (tooMany <= 0) return { ...all, leftOut: undefined }
  // Half for each; what one side has no use for is the other's.
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
    .map((entry, place) => ({ entry, place, busy: busy(entry) }))
    .sort((a, b) => b.busy - a.busy || a.place - b.place)
    .slice(0, count)
    .sort((a, b) => a.place - b.place)
    .map(({ entry }) => entry)
}
