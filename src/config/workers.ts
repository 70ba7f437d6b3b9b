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
          min: count.prefault(1).describe('So many there are always.'),
          max: count.describe('So many there are while they are busy.'),
        })
        .refine(({ min, max }) => min <= max, { error: '`min` or more', path: ['max'] }),
    ],
    { error: expected },
  )
  .describe(
    'Threads that serve calls, each with an event loop of its own; what budgets and limits allow they allow together. `1`: all is done in one thread, which costs least where one core is enough. `auto`: as many as there are cores. `{ min, max }`: one more when all have been busy for 70 % of three seconds, one less when the others have had room for its work for half a minute.',
  )

export type Workers = z.output<typeof workersOption>

/** Undefined: all is done in one thread. */
export function workerRange(workers: Workers): { readonly min: number; readonly max: number } | undefined {
  if (typeof workers === 'object') return workers
  const number = workers === 'auto' ? Math.min(64, availableParallelism()) : workers
  return number === 1 ? undefined : { min: number, max: number }
}
