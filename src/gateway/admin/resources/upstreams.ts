import type { Target } from '../../../core/attempt.ts'
import type { Figures } from '../../../telemetry/figures/figures.ts'
import type { LastFailure } from '../../../telemetry/recorder/last-failures.ts'
import type { PlaneView } from '../../plane-view.ts'
import { json } from '../answer.ts'
import type { TargetView, UpstreamListView } from '../api.ts'
import type { Resource } from '../resource.ts'

/** What is asked of an upstream here. */
export interface UpstreamSource {
  readonly name: string
  readonly balance: string
  readonly targets: readonly Target[]
}

type Asked = Pick<PlaneView, 'targetConnections' | 'lastFailures'>

/** `/api/upstreams`: what is known of each target. */
export function upstreamsResource(upstreams: readonly UpstreamSource[], figures: Figures, planes: Asked): Resource {
  return {
    path: '/api/upstreams',
    methods: {
      GET: async () => {
        const [connections, failures] = await Promise.all([planes.targetConnections(), planes.lastFailures()])
        const views = upstreams.map(({ name, balance, targets }) => ({
          name,
          balance,
          connections: connections[name] ?? { open: 0, idle: 0 },
          targets: targets.map((target) => targetView(target, figures, failures)),
        }))
        return json({ upstreams: views } satisfies UpstreamListView)
      },
    },
  }
}

function targetView(target: Target, figures: Figures, failures: readonly LastFailure[]): TargetView {
  const { upstream, name } = target
  const last = failures.find((failure) => failure.upstream === upstream && failure.target === name)
  return {
    name,
    origin: target.origin + target.basePath,
    weight: target.weight,
    ...figures.target(target),
    lastFailure: last && { at: new Date(last.atMs).toISOString(), detail: last.detail },
  }
}
