import type { CountedParts } from '../../telemetry/counts/cells.ts'
import type { TelemetryConfig } from '../../telemetry/telemetry-config.ts'
import { targetsOf } from '../../upstream/targets.ts'
import { matchText } from '../match.ts'
import type { Config } from '../schema.ts'

/** The part of a configuration that concerns telemetry. */
export function telemetryConfig(config: Config): TelemetryConfig {
  const { admin, metrics, telemetry, trust } = config
  return {
    counted: countedParts(config),
    isCounted: admin !== undefined || metrics.path !== undefined,
    isShown: admin !== undefined,
    metrics,
    log: telemetry.log,
    traces: telemetry.traces,
    trust,
  }
}

export function countedParts(config: Config): CountedParts {
  return {
    boundsMs: config.metrics.buckets,
    routes: config.routes.map((route) => ({ name: matchText(route.match), strategy: route.strategy.name })),
    targets: Object.entries(config.upstreams)
      .flatMap(([name, upstream]) => targetsOf(name, upstream))
      .map(({ upstream, name }) => ({ upstream, name })),
    live: config.admin !== undefined,
  }
}
