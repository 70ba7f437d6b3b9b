import { RecentLatencies } from '@hedgerow/backend/load-report'
import { type ConfigInput, configSchema } from '../../src/config/schema.ts'
import type { Attempt } from '../../src/core/attempt.ts'
import { failure } from '../../src/core/failure.ts'
import { failed, type Outcome, succeeded } from '../../src/core/outcome.ts'
import type { TargetService } from '../../src/core/service.ts'
import { type Random, seededRandom } from '../../src/kit/random.ts'
import { SharedMemory } from '../../src/kit/shared-memory.ts'
import { attemptTimeout } from '../../src/layers/attempt-timeout/attempt-timeout.ts'
import { attemptTelemetry } from '../../src/telemetry/attempt-telemetry.ts'
import { ShortageLog } from '../../src/telemetry/shortage-log.ts'
import { balance } from '../../src/upstream/balance/balance.ts'
import { inFlightField, latencyField } from '../../src/upstream/balance/probe.ts'
import { HealthKeeper } from '../../src/upstream/health/keeper.ts'
import { Upstream } from '../../src/upstream/upstream.ts'
import { callOf, requestOf } from '../../test/kit/calls.ts'
import { VirtualClock } from '../../test/kit/virtual-clock.ts'
import { quantile } from './statistics.ts'

export type Condition = 'well' | 'slow' | 'failing' | 'hanging'

export interface Phase {
  readonly name: string
  readonly condition: Condition
  readonly seconds: number
}

export interface SceneOptions {
  readonly upstream: Omit<NonNullable<ConfigInput['upstreams']>[string], 'targets'>
  readonly phases: readonly Phase[]
  readonly perSecond: number
  /** The sick target has been removed by hand. */
  readonly withoutSick?: boolean
  readonly seed?: number
}

export interface PhaseResult {
  readonly phase: string
  readonly calls: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly success: number
  /** Share of the attempts of the phase. */
  readonly sickShare: number
}

const sick = 'sick'
const timeoutMs = 1000
/** Stands for the path of probes in the options of a scene. */
export const probePath = '/load'

/** A target that takes 5 to 15 ms for each of up to 16 concurrent requests; further ones queue. */
class Model {
  condition: Condition = 'well'
  readonly #clock: VirtualClock
  readonly #random: Random
  readonly #latencies: RecentLatencies
  readonly #queue: (() => void)[] = []
  #busy = 0
  #inFlight = 0

  constructor(clock: VirtualClock, random: Random) {
    this.#clock = clock
    this.#random = random
    this.#latencies = new RecentLatencies(clock)
  }

  readonly serve: TargetService = (request, call) =>
    new Promise((resolve) => {
      const { attempt } = request
      const beganMs = this.#clock.now()
      const isProbe = request.path === probePath
      const { condition } = this
      let isOver = false
      const end = (outcome: Outcome): void => {
        if (isOver) return
        isOver = true
        if (!isProbe) this.#inFlight--
        call.scope.remove(listener)
        resolve(outcome)
      }
      const listener = { onAbort: (reason: Parameters<typeof failed>[0]) => end(failed(reason)) }
      call.scope.add(listener)
      if (!isProbe) this.#inFlight++
      if (condition === 'hanging') return
      if (isProbe) return void this.#clock.after(0.5, () => end(this.#report(attempt)))
      if (condition === 'failing') return void this.#clock.after(1, () => end(answerOf(500, attempt)))
      this.#work(condition === 'slow' ? 10 : 1, () => {
        if (!isOver) this.#latencies.add(this.#clock.now() - beganMs)
        end(answerOf(200, attempt))
      })
    })

  #work(times: number, done: () => void): void {
    const begin = (): void => {
      this.#busy++
      this.#clock.after((5 + this.#random() * 10) * times, () => {
        this.#busy--
        this.#queue.shift()?.()
        done()
      })
    }
    if (this.#busy < 16) begin()
    else this.#queue.push(begin)
  }

  #report(attempt: Attempt): Outcome {
    const latencyMs = this.#latencies.medianMs()
    const latency = latencyMs === undefined ? [] : [latencyField, latencyMs.toFixed(3)]
    return answerOf(204, attempt, [inFlightField, String(this.#inFlight), ...latency])
  }
}

function answerOf(status: number, attempt: Attempt, headers: readonly string[] = []): Outcome {
  return succeeded({ status, headers, body: undefined, attempt, upgraded: undefined })
}

class ModelledUpstream extends Upstream {
  models: ReadonlyMap<string, Model> = new Map()

  override get send(): TargetService {
    return (request, call) => {
      const model = this.models.get(request.attempt.target.name)
      return model?.serve(request, call) ?? Promise.resolve(failed(failure('UPSTREAM_REFUSED', 'no such target')))
    }
  }
}

interface Sample {
  readonly ms: number
  readonly isGood: boolean
  readonly isSick: boolean
}

/**
 * Three targets behind an upstream, in virtual time, with the configured balancer and health rules. Calls arrive at
 * random at a steady rate; one of the targets goes from phase to phase.
 */
export async function playBalancing(options: SceneOptions): Promise<readonly PhaseResult[]> {
  const clock = new VirtualClock()
  const [arrivals, users, choices, work] = [1, 2, 3, 4].map((n) => seededRandom(n + (options.seed ?? 0) * 10)) as [
    Random,
    Random,
    Random,
    Random,
  ]
  const names = options.withoutSick === true ? ['a', 'b'] : ['a', 'b', sick]
  const targets = Object.fromEntries(names.map((name, i) => [name, `http://127.0.0.1:${9101 + i}`]))
  const { upstreams } = configSchema.parse({ upstreams: { work: { ...options.upstream, targets } } })
  const config = upstreams['work']
  if (config === undefined) throw new Error('the upstream is missing')
  const resolve = (): Promise<never> => Promise.reject(new Error('no name is resolved here'))
  const shared = { clock, memory: new SharedMemory(), log: () => {} }
  const deps = { ...shared, random: choices, trusts: () => false, shortages: new ShortageLog(shared), resolve }
  const upstream = new ModelledUpstream('work', config, deps)
  upstream.models = new Map(names.map((name) => [name, new Model(clock, work)]))
  const keeper = upstream.health && new HealthKeeper(upstream.health, { ...deps, send: upstream.send, tell: () => {} })
  const statusCounts = (status: number): boolean => status < 500
  const telemetry = attemptTelemetry({ clock, statusCounts, onNoted: upstream.noteWith(timeoutMs) })
  const attempts = attemptTimeout(timeoutMs, clock)(telemetry(upstream.send))
  const service = balance(upstream.balancer, upstream.name, upstream.health)(attempts)

  const samples: Sample[][] = []
  const callOnce = async (list: Sample[]): Promise<void> => {
    const { call } = callOf(clock)
    const request = requestOf({ headers: ['x-user', `user ${Math.floor(users() * 1000)}`] })
    const outcome = await service(request, call)
    const isGood = outcome.ok && statusCounts(outcome.response.status)
    list.push({ ms: call.elapsedMs(), isGood, isSick: call.attempts.some(({ target }) => target.name === sick) })
  }
  for (const { condition, seconds } of options.phases) {
    const model = upstream.models.get(sick)
    if (model !== undefined) model.condition = condition
    const list: Sample[] = []
    samples.push(list)
    const endMs = clock.now() + seconds * 1000
    for (;;) {
      const waitMs = (-Math.log(1 - arrivals()) / options.perSecond) * 1000
      if (clock.now() + waitMs >= endMs) break
      await clock.advance(waitMs)
      void callOnce(list)
    }
    await clock.advance(endMs - clock.now())
  }
  await clock.advance(2 * timeoutMs)
  keeper?.close()
  upstream.client.destroy()
  return options.phases.map(({ name }, place) => resultOf(name, samples[place] ?? []))
}

function resultOf(phase: string, samples: readonly Sample[]): PhaseResult {
  const took = samples.map(({ ms }) => ms)
  const shareOf = (is: (sample: Sample) => boolean): number => samples.filter(is).length / samples.length
  return {
    phase,
    calls: samples.length,
    p50Ms: quantile(took, 0.5),
    p99Ms: quantile(took, 0.99),
    success: shareOf(({ isGood }) => isGood),
    sickShare: shareOf(({ isSick }) => isSick),
  }
}

/** The phases of the sick target, in order. */
export const usualPhases: readonly Phase[] = [
  { name: 'well', condition: 'well', seconds: 10 },
  { name: '10 x slower', condition: 'slow', seconds: 20 },
  { name: 'fails fast', condition: 'failing', seconds: 20 },
  { name: 'hangs', condition: 'hanging', seconds: 20 },
  { name: 'back', condition: 'well', seconds: 30 },
  { name: 'later', condition: 'well', seconds: 30 },
]

export const allBalancers = {
  'round-robin': 'round-robin',
  random: 'random',
  'least-requests': 'least-requests',
  'consistent-hash': { 'consistent-hash': { by: 'header:x-user' } },
  'peak-ewma': 'peak-ewma',
  probing: { probing: { path: probePath } },
} as const satisfies Readonly<Record<string, SceneOptions['upstream']['balance']>>
