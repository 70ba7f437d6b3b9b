import { outputOf } from './processes.ts'

export interface AbLoad {
  readonly url: string
  readonly calls: number
  /** Number of concurrent requests. */
  readonly concurrency: number
  /** Cores of the load generator. */
  readonly cores: number | string
  /** Timeout for an answer; 30 by default, as in ab. */
  readonly patienceSeconds?: number
}

export interface AbFigures {
  /** Requests with a good answer. */
  readonly completed: number
  readonly failed: number
  readonly requestsPerSecond: number
  /** Whole milliseconds; NaN without answers. */
  readonly p50Ms: number
  readonly p99Ms: number
}

/** Sends an exact number of calls at a fixed concurrency, each on its own connection. */
export async function runAb({ url, calls, concurrency, cores, patienceSeconds = 30 }: AbLoad): Promise<AbFigures> {
  // -r: a broken connection is counted and does not end the run.
  const options = ['-q', '-r', '-s', String(patienceSeconds), '-n', String(calls), '-c', String(concurrency)]
  return readAb(await outputOf('taskset', ['-c', String(cores), 'ab', ...options, url]), calls)
}

/** Every call without a good answer has failed, missing ones included. */
export function readAb(output: string, calls: number): AbFigures {
  const value = (name: string): number => Number(new RegExp(`${name}:\\s+([\\d.]+)`).exec(output)?.[1] ?? 0)
  const completed = Math.max(0, value('Complete requests') - value('Failed requests') - value('Non-2xx responses'))
  const percentile = (percent: number): number => Number(new RegExp(`\\s${percent}%\\s+(\\d+)`).exec(output)?.[1])
  return {
    completed,
    failed: calls - completed,
    requestsPerSecond: value('Requests per second'),
    p50Ms: percentile(50),
    p99Ms: percentile(99),
  }
}
