import type { Target } from '../../core/attempt.ts'
import type { Figures } from '../../telemetry/figures/figures.ts'
import type { LastFailure } from '../../telemetry/recorder/last-failures.ts'
import type { TargetHealth } from '../../upstream/health/health-figures.ts'
import type { LoadFigures } from '../../upstream/load-figures.ts'
import { json } from '../answer.ts'
import type { TargetView, UpstreamListView } from '../api.ts'
import type { Inspector } from '../inspector.ts'
import type { Resource } from '../resource.ts'

/** The parts of an upstream that this resource reads. */
export interface UpstreamSource {
  readonly name: string
  readonly balance: string
  readonly targets: readonly Target[]
}

export interface UpstreamsAsked {
  readonly figures: Figures
  readonly servers: Pick<Inspector, 'targetConnections' | 'lastFailures'>
  readonly health: () => readonly TargetHealth[]
  readonly loads: Pick<LoadFigures, 'ewmaMs'>
}

interface Known {
  readonly figures: Figures
  readonly failures: readonly LastFailure[]
  readonly health: ReadonlyMap<string, TargetHealth>
  readonly loads: Pick<LoadFigures, 'ewmaMs'>
}

/** `/api/upstreams`: the state of each target. */
export function upstreamsResource(upstreams: readonly UpstreamSource[], asked: UpstreamsAsked): Resource {
  const { figures, servers, loads } = asked
  return {
    path: '/api/upstreams',
    methods: {
      GET: async () => {
        const [connections, failures] = await Promise.all([servers.targetConnections(), servers.lastFailures()])
        const health = new Map(asked.health().map((one) => [keyOf(one.upstream, one.target), one]))
        const views = upstreams.map(({ name, balance, targets }) => ({
          name,
          balance,
          panicking: targets.some((target) => health.get(keyOf(name, target.name))?.isPanicking === true),
          connections: connections[name] ?? { open: 0, idle: 0 },
          targets: targets.map((target) => targetView(target, { figures, failures, health, loads })),
        }))
        return json({ upstreams: views } satisfies UpstreamListView)
      },
    },
  }
}

function targetView(target: Target, { figures, failures, health, loads }: Known): TargetView {
  const { upstream, name } = target
  const last = failures.find((failure) => failure.upstream === upstream && failure.target === name)
  return {
    name,
    origin: target.origin + target.basePath,
    weight: target.weight,
    ...figures.target(target),
    ewmaMs: loads.ewmaMs(target),
    ...healthView(health.get(keyOf(upstream, name))),
    lastFailure: last && { at: timeOf(last.atMs), detail: last.detail },
  }
}

function healthView(health: TargetHealth | undefined): Pick<TargetView, 'available' | 'out' | 'breaker' | 'lastCheck'> {
  if (health === undefined) return { available: true, out: [], breaker: undefined, lastCheck: undefined }
  const { isAvailable, out, breaker, lastCheck } = health
  return {
    available: isAvailable,
    out: out.map(({ why, untilMs }) => ({ why, until: untilMs === undefined ? undefined : timeOf(untilMs) })),
    breaker,
    lastCheck: lastCheck && { at: timeOf(lastCheck.atMs), good: lastCheck.isGood, detail: lastCheck.detail },
  }
}

function timeOf(atMs: number): string {
  return new Date(atMs).toISOString()
}

function keyOf(upstream: string, target: string): string {
  return JSON.stringify([upstream, target])
}
