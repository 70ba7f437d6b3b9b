import type { Target } from '../../core/attempt.ts'
import type { Clock } from '../../kit/clock.ts'
import type { Random } from '../../kit/random.ts'
import type { Balancer } from './balancer.ts'
import { Candidates } from './candidates.ts'
import { ewmaCost } from './peak-ewma.ts'
import type { Probe, TargetReport } from './probe.ts'
import { fewestReports, type Judged, ProbePool, type ProbePoolOptions } from './probe-pool.ts'
import type { Rotation } from './rotation.ts'
import type { TargetLoad } from './target-load.ts'
import { betterOfTwo } from './two-choices.ts'

export interface ProbingOptions extends ProbePoolOptions {
  readonly random: Random
  readonly clock: Clock
  readonly load: TargetLoad
  readonly probe: Probe
  /** How many targets are probed at each pick. */
  readonly probes: number
}

/** Maximum number of open probes to a target that does not answer. */
const mostAtATime = 4
/** A target that reports no load may start to after an update or a recovery, so it is probed again. */
const askMuteAgainMs = 1000

/**
 * Probes some targets at each pick for their load and latency, and bases the next picks on the reports: Prequal
 * (Wydrowski et al., "Load is not what you should balance: Introducing Prequal", NSDI 2024). So load that reaches the
 * targets by other ways than this gateway counts too. Each worker probes for itself, like each client in the paper.
 *
 * Differences from the paper: only the newest report of a target counts, because there may be three targets rather than
 * hundreds; reports leave the pool only by age, by uses or for newer ones; and a target that fails fast counts as busy
 * and slow (`TargetLoad`), or it would attract the load. If any target answers without a load report, all are chosen by
 * peak EWMA, because reports cannot be compared with the gateway's own measurements. The same holds while fewer than
 * two targets have reported, where the paper picks at random.
 */
export function probing(rotation: Rotation, options: ProbingOptions): Balancer {
  const { random, clock, load, probe } = options
  const { targets } = rotation
  const candidates = new Candidates(rotation)
  const pool = new ProbePool(options)
  /** Targets that report no load, with the time of their next probe. */
  const mute = new Map<number, number>()
  const asked = targets.map(() => 0)
  const cost = ewmaCost(load)

  const ask = async (index: number): Promise<void> => {
    asked[index] = (asked[index] as number) + 1
    // A probe that throws reports nothing, and no call depends on it.
    const report = await probe(targets[index] as Target).catch(() => undefined)
    asked[index]--
    if (report === undefined) return
    if (report === 'mute') mute.set(index, clock.now() + askMuteAgainMs)
    else {
      mute.delete(index)
      pool.add(index, report, clock.now())
    }
  }

  const mayAsk = (index: number): boolean =>
    (asked[index] as number) < mostAtATime && clock.now() >= (mute.get(index) ?? 0)

  const askSome = (indexes: readonly number[]): void => {
    const count = Math.min(options.probes, indexes.length)
    const left = [...indexes]
    for (let i = 0; i < count; i++) {
      const at = i + Math.floor(random() * (left.length - i))
      const index = left[at] as number
      left[at] = left[i] as number
      if (mayAsk(index)) void ask(index)
    }
  }

  const judged = (index: number, { inFlight, latencyMs }: TargetReport): Judged => ({
    inFlight: load.burden(index, inFlight),
    latencyMs: load.isFailing(index) || latencyMs === undefined ? load.expectedMs(index) : latencyMs,
  })

  return {
    load,
    pick: (lastTried) => {
      const indexes = candidates.of(lastTried)
      if (indexes.length < 2) return targets[indexes[0] ?? -1]
      askSome(indexes)
      const passing = candidates.passing(indexes, random)
      if (passing.length < 2) return targets[passing[0] as number]
      const known = pool.known(passing, clock.now())
      const isOneMute = mute.size > 0 && indexes.some((index) => mute.has(index))
      if (isOneMute || known.length < fewestReports) return targets[betterOfTwo(candidates, passing, random, cost)]
      return targets[pool.best(known, Math.floor(random() * known.length), judged)]
    },
  }
}
