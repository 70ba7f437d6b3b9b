import type { Clock } from '../../kit/clock.ts'
import type { MemoryScope } from '../../kit/shared-memory.ts'
import type { Rotation } from './rotation.ts'
import { memoryOfTarget } from './target-memory.ts'

/** Envoy's default (`min_weight_percent`). */
const leastFactor = 0.1
/** Number of steps in which a weight goes up during the ramp. */
const steps = 50

/**
 * Ramps up a new or returning target: its share is `time since / window`, at least a tenth, like Envoy's slow start
 * with aggression 1. When all targets are new, as when the gateway starts, none is slowed.
 *
 * Any thread that sees a target return starts the ramp for all threads; the health keeper does so when no worker has a
 * call meanwhile.
 */
export function slowStart(rotation: Rotation, windowMs: number, clock: Clock, memory: MemoryScope): Rotation {
  const { targets } = rotation
  /** Number of ramps started by any thread, so that threads that did not see the return follow too. */
  const comebacks = memory.cells('slow start', 1)
  /** Start time of each target's ramp; 0: never seen by any worker. */
  const begins = targets.map((target) => memoryOfTarget(memory, target).numbers('slow start', 1))
  const beginAt = (index: number): number => begins[index]?.[0] ?? 0
  const begin = (index: number, atMs: number): void => {
    // Zero would mean never.
    const numbers = begins[index]
    if (numbers !== undefined) numbers[0] = atMs === 0 ? Number.MIN_VALUE : atMs
  }
  const away = new Map<number, number>()
  let version = 0
  let seenVersion = rotation.version
  let seenComebacks = 0
  let nextStepMs = Number.POSITIVE_INFINITY

  const nowMs = clock.now()
  const isNew = targets.map((_, index) => beginAt(index) === 0)
  for (const index of targets.keys()) {
    if (isNew[index]) begin(index, isNew.includes(false) ? nowMs : nowMs - windowMs)
  }

  const isOnItsWay = (index: number): boolean => clock.now() - beginAt(index) < windowMs
  const look = (): void => {
    // Set first, so that the next call sees changes made meanwhile.
    seenComebacks = Atomics.load(comebacks, 0)
    const atMs = clock.now()
    for (const index of targets.keys()) {
      const awaySinceMs = away.get(index)
      if (!rotation.isAvailable(index)) {
        if (awaySinceMs === undefined) away.set(index, atMs)
      } else if (awaySinceMs !== undefined) {
        away.delete(index)
        // Another worker may have seen it return first.
        if (beginAt(index) >= awaySinceMs) continue
        begin(index, atMs)
        Atomics.add(comebacks, 0, 1)
      }
    }
    seenVersion = rotation.version
    version++
    nextStepMs = targets.some((_, index) => isOnItsWay(index)) ? atMs + windowMs / steps : Number.POSITIVE_INFINITY
  }
  look()

  return {
    targets,
    get version() {
      const isNews = rotation.version !== seenVersion || Atomics.load(comebacks, 0) !== seenComebacks
      if (isNews || clock.now() >= nextStepMs) look()
      return version
    },
    isAvailable: (index) => rotation.isAvailable(index),
    factor: (index) => {
      const share = (clock.now() - beginAt(index)) / windowMs
      return rotation.factor(index) * Math.min(1, Math.max(leastFactor, share))
    },
  }
}
