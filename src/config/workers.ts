import { availableParallelism } from 'node:os'
import { z } from 'zod'
import { shapes, wholeNumber } from '../kit/schema.ts'

const expected = 'a whole number from 1 to 64, `auto`, or { min, max }'
const fixed = z
  .int({ error: expected })
  .min(1, { error: expected })
  .max(64, { error: expected })
  .register(shapes, { shape: 'whole number', range: '1 to 64' })
const count = wholeNumber({ min: 1, max: 64 })

export const workersOption = z
  .union(
    [
      fixed,
      z.literal('auto'),
      z
        .strictObject({
          min: count.prefault(1).describe('Minimum number of workers.'),
          max: count.describe('Maximum number of workers, reached while they are busy.'),
        })
        .refine(({ min, max }) => min <= max, { error: '`min` or more', path: ['max'] }),
    ],
    { error: expected },
  )
  .describe(
    'Threads that serve calls, each with its own event loop; budgets and limits apply to all of them combined. `1`: one thread does everything, which is cheapest when one core is enough. `auto`: one per core. `{ min, max }`: one is added when all have been busy for 70 % of three seconds, and one removed when the others have had room for its work for half a minute.',
  )

export type Workers = z.output<typeof workersOption>

/** Undefined: one thread does everything. */
export function workerRange(workers: Workers): { readonly min: number; readonly max: number } | undefined {
  if (typeof workers === 'object') return workers
  const number = workers === 'auto' ? Math.min(64, availableParallelism()) : workers
  return number === 1 ? undefined : { min: number, max: number }
}

/** The fewest rows in shared memory for workers: retiring workers keep theirs while others start. */
const leastSlots = 8

/** Rows of shared memory for `max` workers, plus the main thread's own, which is the last. */
export function slotsFor({ max }: { readonly max: number }): number {
  return Math.max(leastSlots, 2 * max) + 1
}

/** Whether Node can share a port among several threads there (`reusePort` of `net.Server.listen`). */
export function canSharePort(platform: NodeJS.Platform): boolean {
  return ['linux', 'freebsd', 'dragonfly', 'aix', 'sunos'].includes(platform)
}

/** The same configuration with one thread, where several cannot listen on one port. */
export function withPossibleWorkers<Options extends { readonly workers: Workers }>(
  options: Options,
  platform: NodeJS.Platform = process.platform,
): Options {
  return canSharePort(platform) ? options : { ...options, workers: 1 }
}
