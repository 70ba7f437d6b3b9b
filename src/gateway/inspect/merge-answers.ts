import type { WaitersFigures } from '../../admin/inspector.ts'
import type { ProcessFigures } from '../../kit/process-probe.ts'
import type { LastFailure } from '../../telemetry/recorder/last-failures.ts'
import type { ConnectionFigures } from '../../transport/server/connection-counts.ts'

export function sumOf<T>(all: readonly T[], value: (one: T) => number): number {
  return all.reduce((sum, one) => sum + value(one), 0)
}

/**
 * Merges the threads' figures for one process. CPU and resident memory are process-wide in each answer; heaps and event
 * loops are per thread. The worst event loop delay counts, as it is the longest that a call had to wait.
 */
export function wholeProcess(all: readonly ProcessFigures[], activeMs: number): ProcessFigures | undefined {
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
export function latestFailures(all: readonly LastFailure[]): readonly LastFailure[] {
  const latest = new Map<string, LastFailure>()
  for (const failure of all) {
    const key = JSON.stringify([failure.upstream, failure.target])
    const other = latest.get(key)
    if (other === undefined || failure.atMs > other.atMs) latest.set(key, failure)
  }
  return [...latest.values()]
}

export function mergedWaiters(all: readonly WaitersFigures[], limit: number): WaitersFigures {
  const waiters = all.flatMap((one) => one.waiters).toSorted((a, b) => a.startedAtMs - b.startedAtMs)
  return { open: sumOf(all, ({ open }) => open), waiters: waiters.slice(0, limit) }
}

/** Sums over several fronts, whether consecutive or concurrent. */
export function sumOfConnections(all: readonly ConnectionFigures[]): ConnectionFigures {
  const sum = (count: (figures: ConnectionFigures) => number): number => sumOf(all, count)
  return {
    active: sum(({ active }) => active),
    reading: sum(({ reading }) => reading),
    writing: sum(({ writing }) => writing),
    waiting: sum(({ waiting }) => waiting),
    accepted: sum(({ accepted }) => accepted),
    refused: sum(({ refused }) => refused),
    failed: sum(({ failed }) => failed),
    requests: sum(({ requests }) => requests),
    malformed: {
      400: sum(({ malformed }) => malformed[400]),
      408: sum(({ malformed }) => malformed[408]),
      431: sum(({ malformed }) => malformed[431]),
    },
  }
}
