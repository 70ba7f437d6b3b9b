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
  /** How many targets are asked at each pick. */
  readonly probes: number
}

/** A target that does not answer is not asked more often than that at a time. */
const mostAtATime = 4
/** One that says nothing of its load may do so after an update, or when it is well again. */
const askMuteAgainMs = 1000

/**
 * Targets are asked how busy they are and how long they take, some at each pick, and the next picks go by what they say:
 * Prequal (Wydrowski et al., "Load is not what you should balance: Introducing Prequal", NSDI 2024). So the load counts
 * that comes by other ways than this gateway. Each worker asks for itself, as each client does there.
 *
 * Other than there: of each target only the newest report counts, as there may be three targets and not hundreds; nothing
 * is taken out of the pool but by its age, its uses or newer ones; and what fails fast is taken for busy and slow
 * (`TargetLoad`), or it would draw the load to itself. If one of the targets answers and says nothing of its load, all are
 * chosen by peak EWMA: what they say cannot be held against what the gateway measures. So they are while fewer than two
 * have said anything, where the paper goes by chance.
 */
export function probing(rotation: Rotation, options: ProbingOptions): Balancer {
  const { random, clock, load, probe } = options
  const { targets } = rotation
  const candidates = new Candidates(rotation)
  const pool = new ProbePool(options)
  /** Those that say nothing of their load, and when each is to be asked again. */
  const mute = new Map<number, number>()
  const asked = targets.map(() => 0)
  const cost = ewmaCost(load)

  const ask = async (place: number): Promise<void> => {
    asked[place] = (asked[place] as number) + 1
    // A probe that throws tells nothing, and nobody's call depends on it.
    const report = await probe(targets[place] as Target).catch(() => undefined)
    asked[place]--
    if (report === undefined) return
    if (report === 'mute') mute.set(place, clock.now() + askMuteAgainMs)
    else {
      mute.delete(place)
      pool.add(place, report, clock.now())
    }
  }

  const mayAsk = (place: number): boolean =>
    (asked[place] as number) < mostAtATime && clock.now() >= (mute.get(place) ?? 0)

  const askSome = (places: readonly number[]): void => {
    const count = Math.min(options.probes, places.length)
    const left = [...places]
    for (let i = 0; i < count; i++) {
      const at = i + Math.floor(random() * (left.length - i))
      const place = left[at] as number
      left[at] = left[i] as number
      if (mayAsk(place)) void ask(place)
    }
  }

  const judged = (place: number, { inFlight, latencyMs }: TargetReport): Judged => ({
    inFlight: load.burden(place, inFlight),
    latencyMs: load.isFailing(place) || latencyMs === undefined ? load.expectedMs(place) : latencyMs,
  })

  return {
    load,
    pick: (lastTried) => {
      const places = candidates.of(lastTried)
      if (places.length < 2) return targets[places[0] ?? -1]
      askSome(places)
      const passing = candidates.passing(places, random)
      if (passing.length < 2) return targets[passing[0] as number]
      const known = pool.known(passing, clock.now())
      const isOneMute = mute.size > 0 && places.some((place) => mute.has(place))
      if (isOneMute || known.length < fewestReports) return targets[betterOfTwo(candidates, passing, random, cost)]
      return targets[pool.best(known, Math.floor(random() * known.length), judged)]
    },
  }
}
