import type { Inspector, WaitersFigures } from '../../admin/inspector.ts'
import type { Clock } from '../../kit/clock.ts'
import type { ProcessFigures } from '../../kit/process-probe.ts'
import type { LastFailure } from '../../telemetry/recorder/last-failures.ts'
import { inOrder } from '../../telemetry/recorder/recorder.ts'
import { sumOfConnections } from '../../transport/server/connection-counts.ts'

/** How long a thread may take to answer: a stuck thread must not hide the others. */
const patienceMs = 1000

/**
 * Several threads as one. A thread that fails or times out is left out. Counters never go down: for a thread that is
 * silent or has ended, its last answer still counts.
 *
 * @param views returns the current threads' views: always the same object for the same thread
 */
export function mergedInspector(views: () => readonly Inspector[], clock: Clock): Inspector {
  const [connections, dropped, activeMs] = [new LastingCounts(), new LastingCounts(), new LastingCounts()]

  async function askAll<T>(question: (view: Inspector) => Promise<T>): Promise<readonly Told<T>[]> {
    const all = await Promise.all(views().map((view) => told(view, question, clock)))
    return all.filter((one) => one !== undefined)
  }
  async function answers<T>(question: (view: Inspector) => Promise<T>): Promise<readonly T[]> {
    return (await askAll(question)).map(({ answer }) => answer)
  }

  return {
    calls: async (filter) => {
      const calls = await answers((view) => view.calls(filter))
      return inOrder(calls.flat(), filter.which).slice(0, filter.limit)
    },
    call: async (id) => inOrder((await answers((view) => view.call(id))).filter((call) => call !== undefined))[0],
    connections: async () => {
      const all = await askAll((view) => view.connections())
      for (const { view, answer } of all) {
        const { accepted, refused, failed, requests, malformed } = answer
        connections.told(view, { accepted, refused, failed, requests, ...malformed })
      }
      const [now, total] = [all.map(({ answer }) => answer), connections.total(views())]
      const count = (name: string): number => total[name] ?? 0
      return {
        ...sumOfConnections(now),
        accepted: count('accepted'),
        refused: count('refused'),
        failed: count('failed'),
        requests: count('requests'),
        malformed: { 400: count('400'), 408: count('408'), 431: count('431') },
      }
    },
    targetConnections: async () => {
      const all = await answers((view) => view.targetConnections())
      const names = new Set(all.flatMap((one) => Object.keys(one)))
      return Object.fromEntries(
        [...names].map((name) => [
          name,
          { open: sumOf(all, (one) => one[name]?.open ?? 0), idle: sumOf(all, (one) => one[name]?.idle ?? 0) },
        ]),
      )
    },
    lastFailures: async () => latestFailures((await answers((view) => view.lastFailures())).flat()),
    waiters: async (limit) => mergedWaiters(await answers((view) => view.waiters(limit)), limit),
    process: async () => {
      const all = await askAll((view) => view.process())
      for (const { view, answer } of all) if (answer !== undefined) activeMs.told(view, { ms: answer.loop.activeMs })
      const figures = all.map(({ answer }) => answer).filter((one) => one !== undefined)
      return wholeProcess(figures, activeMs.total(views())['ms'] ?? 0)
    },
    dropped: async () => {
      for (const { view, answer } of await askAll((one) => one.dropped())) dropped.told(view, answer)
      return dropped.total(views())
    },
    // All threads share the same figures.
    admission: async () => (await answers((view) => view.admission())).find((figures) => figures !== undefined),
    inFlight: async () => sumOf(await answers((view) => view.inFlight()), (count) => count),
  }
}

interface Told<T> {
  readonly view: Inspector
  readonly answer: T
}

/** Undefined if the view has not answered. */
async function told<T>(
  view: Inspector,
  question: (view: Inspector) => Promise<T>,
  clock: Clock,
): Promise<Told<T> | undefined> {
  const { promise: timeIsUp, resolve: stopWaiting } = Promise.withResolvers<undefined>()
  const timer = clock.after(patienceMs, () => stopWaiting(undefined))
  try {
    const answered = question(view).then((answer) => ({ view, answer }))
    return await Promise.race([answered, timeIsUp])
  } catch {
    return undefined
  } finally {
    timer.cancel()
  }
}

function sumOf<T>(all: readonly T[], value: (one: T) => number): number {
  return all.reduce((sum, one) => sum + value(one), 0)
}

/**
 * Merges the threads' figures for one process. CPU and resident memory are process-wide in each answer; heaps and event
 * loops are per thread. The worst event loop delay counts, as it is the longest that a call had to wait.
 */
function wholeProcess(all: readonly ProcessFigures[], activeMs: number): ProcessFigures | undefined {
  if (all.length === 0) return undefined
  const most = (value: (one: ProcessFigures) => number): number => Math.max(...all.map(value))
  const sum = (value: (one: ProcessFigures) => number): number => sumOf(all, value)
  return {
    startedAtMs: Math.min(...all.map(({ startedAtMs }) => startedAtMs)),
    cpuUserMs: most(({ cpuUserMs }) => cpuUserMs),
    cpuSystemMs: most(({ cpuSystemMs }) => cpuSystemMs),
    memory: {
      residentBytes: most(({ memory }) => memory.residentBytes),
      heapUsedBytes: sum(({ memory }) => memory.heapUsedBytes),
      heapTotalBytes: sum(({ memory }) => memory.heapTotalBytes),
      externalBytes: sum(({ memory }) => memory.externalBytes),
    },
    loop: {
      activeMs,
      delayMs: {
        p50: most(({ loop }) => loop.delayMs.p50),
        p99: most(({ loop }) => loop.delayMs.p99),
        max: most(({ loop }) => loop.delayMs.max),
      },
    },
  }
}

/** The latest failure of each target. */
function latestFailures(all: readonly LastFailure[]): readonly LastFailure[] {
  const latest = new Map<string, LastFailure>()
  for (const failure of all) {
    const key = JSON.stringify([failure.upstream, failure.target])
    const other = latest.get(key)
    if (other === undefined || failure.atMs > other.atMs) latest.set(key, failure)
  }
  return [...latest.values()]
}

function mergedWaiters(all: readonly WaitersFigures[], limit: number): WaitersFigures {
  const waiters = all.flatMap((one) => one.waiters).toSorted((a, b) => a.startedAtMs - b.startedAtMs)
  return { open: sumOf(all, ({ open }) => open), waiters: waiters.slice(0, limit) }
}

type Counts = Readonly<Record<string, number>>

/**
 * Sums of counts from several sources, each counting since its own start. The sums never fall: if a source reports
 * nothing, less than before, or has ended, its last counts still apply.
 */
export class LastingCounts {
  readonly #last = new Map<object, Counts>()
  /** Counts of sources that have ended. */
  #sum: Counts = {}
  readonly #ended = new WeakSet<object>()

  told(by: object, counts: Counts): void {
    // An answer may arrive just after its source has ended; its counts are in the sum already.
    if (!this.#ended.has(by)) this.#last.set(by, atLeast(this.#last.get(by) ?? {}, counts))
  }

  /** `present`: all current sources. Sources not listed have ended for good. */
  total(present: readonly object[]): Counts {
    for (const [one, counts] of this.#last) {
      if (present.includes(one)) continue
      this.#sum = added(this.#sum, counts)
      this.#ended.add(one)
      this.#last.delete(one)
    }
    return [...this.#last.values()].reduce(added, this.#sum)
  }
}

/** Keeps the larger counts: answers may arrive out of order, and part of the telemetry may have restarted from 0. */
function atLeast(before: Counts, now: Counts): Counts {
  const entries = Object.entries(now).map(([name, count]) => [name, Math.max(count, before[name] ?? 0)])
  return { ...before, ...Object.fromEntries(entries) }
}

function added(a: Counts, b: Counts): Counts {
  const names = new Set([...Object.keys(a), ...Object.keys(b)])
  return Object.fromEntries([...names].map((name) => [name, (a[name] ?? 0) + (b[name] ?? 0)]))
}
