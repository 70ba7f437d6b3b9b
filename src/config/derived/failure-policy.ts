import type { StrategyPlan } from '../../strategies/strategy.ts'
import type { FailurePolicy } from '../../transport/server/failure-response.ts'
import type { RouteConfig } from '../route-schema.ts'

/** How a route reports failures: its own setting takes precedence over its strategy's default. */
export function failurePolicy(
  { failures, expose }: RouteConfig,
  statuses: NonNullable<StrategyPlan['failureStatuses']>,
): FailurePolicy {
  const usual = Object.entries(statuses).map(([code, status]) => {
    const own = failures[code as keyof typeof failures] ?? failures['*']
    return [code, { ...own, status: own?.status ?? status }] as const
  })
  return { mappings: { ...failures, ...Object.fromEntries(usual) }, listAttempts: expose === 'attempts' }
}
