import { EventBus } from '../../src/kit/event-bus.ts'
import { seededRandom } from '../../src/kit/random.ts'
import type { Runtime } from '../../src/kit/runtime.ts'
import { SharedMemory } from '../../src/kit/shared-memory.ts'
import { VirtualClock } from './virtual-clock.ts'

/** A thread in virtual time that logs nothing and throws for a bug. */
export function runtimeOf<Given extends Partial<Runtime>>(given: Given): Runtime & Given {
  return {
    clock: new VirtualClock(),
    random: seededRandom(1),
    memory: new SharedMemory(),
    events: new EventBus(),
    log: () => {},
    reportBug: (error) => {
      throw error
    },
    ...given,
  }
}
