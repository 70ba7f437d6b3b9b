import { countOf } from '../../kit/count-of.ts'
import { formatDurationMs } from '../../kit/units.ts'
import type { RouteLayer } from '../route-layer.ts'
import { rateLimitOptions } from './options.ts'
import { rateLimit } from './rate-limit.ts'

export const rateLimitLayer: RouteLayer<typeof rateLimitOptions> = {
  options: rateLimitOptions,
  role: 'rate-limit',
  stage: 'admission',
  why: 'outside everything else, because refusing a call must cost next to nothing',
  settings: ({ limit, per, burst, by }) =>
    `${countOf(limit, 'call')} in ${formatDurationMs(per)}, ${burst ?? limit} at once, by ${by}`,
  layer: rateLimit,
}
