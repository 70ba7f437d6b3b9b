/**
 * The expected outcome of each strategy, computed from the scripts alone: no race, no clock, no promise. It is written
 * to be obviously correct and shares nothing with the judges in `src/strategies`. Times are in milliseconds since the
 * start; no two events may have the same time.
 */

/** Outcome of the attempt at one index, and how long after sending it comes. */
export interface Fate {
  readonly place: number
  readonly tookMs: number
  readonly comesTo: 'good' | 'stream' | 'failure' | 'nothing'
  /** Body of a good answer. */
  readonly body: string
}

/** `by` lists the indexes whose answer may be the one returned; a merged answer has none. */
export type Expected =
  | { readonly ok: true; readonly atMs: number; readonly by: readonly number[]; readonly body: string }
  | { readonly ok: false; readonly atMs: number; readonly because: 'attempts' | 'DEADLINE' | 'CLIENT_GONE' }

/** End of the call whatever the attempts do; Infinity for events that never happen. */
export interface Ends {
  readonly deadlineMs: number
  readonly goneMs: number
}

const never = Number.POSITIVE_INFINITY

function isGood({ comesTo }: Fate): boolean {
  return comesTo === 'good' || comesTo === 'stream'
}

function endMs({ comesTo, tookMs }: Fate): number {
  return comesTo === 'nothing' ? never : tookMs
}

function good(fate: Fate, atMs: number): Expected {
  return { ok: true, atMs, by: [fate.place], body: fate.body }
}

function failed(atMs: number): Expected {
  return { ok: false, atMs, because: 'attempts' }
}

/** Cuts off attempts after the end of the call. */
function within(ends: Ends, expected: Expected): Expected {
  const overMs = Math.min(ends.deadlineMs, ends.goneMs)
  if (expected.atMs < overMs) return expected
  return { ok: false, atMs: overMs, because: ends.deadlineMs < ends.goneMs ? 'DEADLINE' : 'CLIENT_GONE' }
}

function earliest(fates: readonly Fate[]): Fate | undefined {
  return fates.toSorted((a, b) => endMs(a) - endMs(b)).find((fate) => endMs(fate) < never)
}

function lastEndMs(fates: readonly Fate[]): number {
  return Math.max(...fates.map(endMs))
}

export function expectedOfFirst(fates: readonly Fate[], settle: 'success' | 'response', ends: Ends): Expected {
  const first = earliest(settle === 'success' ? fates.filter(isGood) : fates)
  if (first === undefined) return within(ends, failed(lastEndMs(fates)))
  return within(ends, isGood(first) ? good(first, endMs(first)) : failed(endMs(first)))
}

export function expectedOfAll(
  fates: readonly Fate[],
  tolerate: 'none' | 'failures' | 'lateness',
  ends: Ends,
): Expected {
  const merged = (fates: readonly Fate[], atMs: number): Expected => {
    return { ok: true, atMs, by: [], body: `[${fates.map(({ body }) => body).join(',')}]` }
  }
  const failure = earliest(fates.filter((fate) => !isGood(fate)))
  const goods = fates.filter(isGood)
  const atMs = lastEndMs(fates)
  if (tolerate === 'none') return within(ends, failure === undefined ? merged(goods, atMs) : failed(endMs(failure)))
  if (tolerate === 'failures') return within(ends, goods.length === 0 ? failed(atMs) : merged(goods, atMs))
  if (atMs > ends.deadlineMs && ends.deadlineMs < ends.goneMs) {
    return merged(
      goods.filter((fate) => endMs(fate) < ends.deadlineMs),
      ends.deadlineMs,
    )
  }
  return within(ends, merged(goods, atMs))
}

export function expectedOfQuorum(fates: readonly Fate[], need: number, ends: Ends): Expected {
  const inOrder = fates.filter((fate) => endMs(fate) < never).toSorted((a, b) => endMs(a) - endMs(b))
  for (let known = 1; known <= inOrder.length; known++) {
    const last = inOrder[known - 1] as Fate
    const votes = inOrder.slice(0, known).filter(isGood)
    const alike = votes.map(({ body }) => votes.filter((other) => other.body === body))
    const most = Math.max(0, ...alike.map(({ length }) => length))
    const agreed = alike.find(({ length }) => length >= need)
    if (agreed !== undefined) {
      const by = agreed.map(({ place }) => place)
      return within(ends, { ok: true, atMs: endMs(last), by, body: last.body })
    }
    if (most + fates.length - known < need) return within(ends, failed(endMs(last)))
  }
  return within(ends, failed(never))
}

export interface HedgeRules {
  readonly afterMs: number
  readonly extra: number
  readonly spacingMs: number
  readonly first: 'keep' | 'drop'
}

/** Also returns the send times of the attempts. */
export function expectedOfHedge(
  fates: readonly Fate[],
  rules: HedgeRules,
  ends: Ends,
): { readonly expected: Expected; readonly sentMs: readonly number[] } {
  const overMs = Math.min(ends.deadlineMs, ends.goneMs)
  /** Attempts in flight, with their end times rather than their durations. */
  let out: readonly Fate[] = [fates[0] as Fate]
  const sentMs = [0]
  while (sentMs.length <= rules.extra) {
    const dueMs = sentMs.length === 1 ? rules.afterMs : (sentMs.at(-1) as number) + rules.spacingMs
    const allFailedMs = out.some(isGood) ? never : lastEndMs(out)
    const nextMs = Math.min(dueMs, allFailedMs)
    const winner = earliest(out.filter(isGood))
    if (nextMs >= overMs || (winner !== undefined && endMs(winner) < nextMs)) break
    if (sentMs.length === 1 && rules.first === 'drop') out = out.filter((fate) => endMs(fate) <= nextMs)
    const count = rules.spacingMs === 0 ? rules.extra : 1
    for (let i = 0; i < count; i++) {
      const fate = fates[sentMs.length] as Fate
      out = [...out, { ...fate, tookMs: nextMs + fate.tookMs }]
      sentMs.push(nextMs)
    }
  }
  const winner = earliest(out.filter(isGood))
  const expected = winner === undefined ? failed(lastEndMs(out)) : good(winner, endMs(winner))
  return { expected: within(ends, expected), sentMs }
}
