import { type Backend, type BackendOptions, startBackend as start } from '@hedgerow/backend/server'
import { systemClock } from '../../src/kit/clock.ts'
import { seededRandom, systemRandom } from '../../src/kit/random.ts'

/** Its clock and its chance are the machine's, unless a test needs others. */
export type BackendSetup = Omit<BackendOptions, 'clock' | 'random'> &
  Partial<Pick<BackendOptions, 'clock' | 'random'>> & {
    /** Repeats the same random choices. `random` takes precedence. */
    readonly seed?: number
  }

export function startBackend({ seed, ...options }: BackendSetup): Promise<Backend> {
  const random = seed === undefined ? systemRandom : seededRandom(seed)
  return start({ clock: systemClock(), random, ...options })
}
