import type { Config } from '../schema.ts'
import { workerRange } from '../workers.ts'

/** Listeners, event loops, store, log: 25 on Linux with one thread, 38 with two workers; the rest is reserve. */
const ownCount = 40
const ownOfEachWorker = 10

/**
 * A warning if the process may open fewer descriptors than the configured connections need: one per client, plus one
 * per call in flight for its target. Strategies that send several attempts need more. Undefined if the limit suffices.
 */
export function descriptorWarning(
  { listen, concurrency, workers }: Config,
  limit: number | undefined,
): string | undefined {
  const clients = listen.maxConnections
  const calls = Math.min(clients, mostCalls(concurrency))
  const own = ownCount + ownOfEachWorker * (workerRange(workers)?.max ?? 0)
  const needed = clients + calls + own
  if (limit === undefined || limit >= needed) return undefined
  const fitting = Math.max(1, Math.floor((limit - own) / 2))
  return (
    `listen.maxConnections is ${clients}, for which ${needed} file descriptors may be needed (one for each client, one ` +
    `for each call's target), but this process may open only ${limit}: raise the limit (ulimit -n, or LimitNOFILE= of ` +
    `systemd), or set listen.maxConnections to ${fitting} or less`
  )
}

function mostCalls(concurrency: Config['concurrency']): number {
  if (concurrency === undefined) return Number.POSITIVE_INFINITY
  return concurrency.limit === 'adaptive' ? concurrency.max : concurrency.limit
}
