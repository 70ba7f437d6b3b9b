import { outputOf } from './processes.ts'

export interface AbLoad {
  readonly url: string
  readonly calls: number
  /** At once. */
  readonly concurrency: number
  /** Where the load comes from. */
  readonly cores: number | string
  /** How long it waits for an answer; 30 without it, as ab has it. */
  readonly patienceSeconds?: number
}

export interface AbFigures {
  /** With a good answer. */
  readonly completed: number
  readonly failed: number
  readonly requestsPerSecond: number
  /** Whole ones; NaN if nothing was answered. */
  readonly p50Ms: number
  readonly p99Ms: number
}

/** Exactly so many calls, so many at once, each on a connection of its own. */
export async function runAb({ url, calls, concurrency, cores, patienceSeconds = 30 }: AbLoad): Promise<AbFigures> {
  // -r: a broken connection is counted, and ends nothing.
  const options = ['-q', '-r', '-s', String(patienceSeconds), '-n', String(calls), '-c', String(concurrency)]
  return readAb(await outputOf('taskset', ['-c', String(cores), 'ab', ...options, url]), calls)
}

/** Whatever of the calls did not end with a good answer has failed, also where it went missing. */
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
