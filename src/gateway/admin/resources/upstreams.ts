import type { Target } from '../../../core/attempt.ts'
import type { Figures } from '../../../telemetry/figures/figures.ts'
import { json } from '../answer.ts'
import type { TargetView, UpstreamListView } from '../api.ts'
import type { Resource } from '../resource.ts'

/** What is asked of an upstream here. */
export interface UpstreamSource {
  readonly name: string
  readonly balance: string
  readonly targets: readonly Target[]
  readonly connections: () => { readonly open: number; readonly idle: number }
}

/** `/api/upstreams`: what is known of each target. */
export function upstreamsResource(upstreams: readonly UpstreamSource[], figures: Figures): Resource {
  const targetView = (target: Target): TargetView => {
    const { lastFailure, ...state } = figures.target(target)
    return {
      name: target.name,
      origin: target.origin + target.basePath,
      weight: target.weight,
      ...state,
      lastFailure: lastFailure && { at: new Date(lastFailure.atMs).toISOString(), detail: lastFailure.detail },
    }
  }
  return {
    path: '/api/upstreams',
    methods: {
      GET: () => {
        const views = upstreams.map(({ name, balance, targets, connections }) => {
          const { open, idle } = connections()
          return { name, balance, connections: { open, idle }, targets: targets.map(targetView) }
        })
        return json({ upstreams: views } satisfies UpstreamListView)
      },
    },
  }
}
