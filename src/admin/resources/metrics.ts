import type { Metrics } from '../../telemetry/metrics/metrics.ts'
import type { Resource } from '../resource.ts'

/** `/metrics`: for Prometheus and compatible scrapers. */
export function metricsResources(metrics: Metrics | undefined): readonly Resource[] {
  if (metrics === undefined) return []
  const render = async () => {
    const { contentType, body } = await metrics.render()
    return { status: 200, headers: { 'content-type': contentType }, body }
  }
  return [{ path: '/metrics', methods: { GET: render } }]
}
