import type { Path } from '../kit/json-pointer.ts'
import { formatDurationMs } from '../kit/units.ts'
import type { ConcurrencyOptions } from '../layers/concurrency-limit/options.ts'
import { isPassed } from '../transport/server/read-request.ts'
import type { UpstreamOptions } from '../upstream/options.ts'
import type { Finding } from './diagnostic.ts'
import { linesOf } from './lines.ts'
import type { Salvage } from './salvage.ts'
import type { RouteConfig } from './schema.ts'
import { valueAt } from './shape.ts'
import type { Source } from './source.ts'
import { foundText, withFound } from './wording.ts'

/** The value that the file gives at a path of the configuration; undefined for a default. */
type Given = (path: Path) => unknown

/**
 * Settings that have no effect beside the others, though their author expects one. Defaults are exempt: only settings
 * in the file itself are checked.
 */
export function checkEffects({ config, originalPath, isIntact }: Salvage, source: Source): readonly Finding[] {
  const given: Given = (path) => {
    const original = originalPath(path)
    return isIntact(original) ? valueAt(source.value, original) : undefined
  }
  const queue = config.concurrency?.queue ?? 0
  const upstreams = Object.entries(config.upstreams)
  const knowsQueue = isIntact(['concurrency'])
  return [
    ...checkConcurrency(config.concurrency, ['concurrency'], given),
    ...upstreams.flatMap(([name, one]) => checkOutlier(one, ['upstreams', name], given)),
    ...upstreams.flatMap(([name]) => checkKey(['upstreams', name, 'balance', 'consistent-hash', 'by'], given)),
    ...config.routes.flatMap((route, index) => {
      const path = ['routes', index]
      return [
        ...checkConcurrency(route.concurrency, [...path, 'concurrency'], given),
        ...checkRateLimit(route, path, given),
        ...checkKey([...path, 'rateLimit', 'by'], given),
        ...checkBackoff(route, path, given),
        ...(knowsQueue && queue === 0 ? checkPriority(path, given) : []),
      ]
    }),
  ]
}

const adaptiveOnly = ['min', 'max', 'tolerance'] as const

function checkConcurrency(options: ConcurrencyOptions | undefined, path: Path, given: Given): readonly Finding[] {
  if (options === undefined) return []
  const { limit, queue } = options
  return [
    ...(limit === 'adaptive' ? [] : adaptiveOnly).flatMap((key) =>
      without('`limit: adaptive` beside it', `\`limit: ${limit}\``, [...path, key], given),
    ),
    ...(queue > 0 ? [] : without('a `queue` of 1 or more beside it', '`queue: 0`', [...path, 'queueTime'], given)),
  ]
}

function checkRateLimit({ rateLimit }: RouteConfig, path: Path, given: Given): readonly Finding[] {
  if (rateLimit?.by !== 'route') return []
  return without('`by: client` or `by: header:NAME` beside it', '`by: route`', [...path, 'rateLimit', 'maxKeys'], given)
}

/** A header that the gateway removes or sets is gone by the time that keys are read. */
function checkKey(path: Path, given: Given): readonly Finding[] {
  const by = given(path)
  const name = typeof by === 'string' && by.startsWith('header:') ? by.slice('header:'.length).toLowerCase() : undefined
  if (name === undefined || isPassed(name)) return []
  return without(
    'a field that is forwarded to targets',
    `${name}, which the gateway removes or sets itself`,
    path,
    given,
  )
}

function checkPriority(path: Path, given: Given): readonly Finding[] {
  const needs = 'a limit of the whole gateway (`concurrency` at the top level) with a `queue` of 1 or more'
  return without(needs, 'none', [...path, 'priority'], given)
}

function checkOutlier({ outlier }: UpstreamOptions, path: Path, given: Given): readonly Finding[] {
  if (outlier === 'off' || outlier.ejection <= outlier.maxEjection) return []
  const at = [...path, 'outlier', 'maxEjection']
  return outOfBounds(`no less than \`ejection\` (${formatDurationMs(outlier.ejection)})`, at, given)
}

function checkBackoff(route: RouteConfig, path: Path, given: Given): readonly Finding[] {
  return linesOf(route, path).flatMap((line) => {
    if (line.retry === undefined || line.retry.backoff.base <= line.retry.backoff.max) return []
    const at = [...line.path, 'retry', 'backoff', 'base']
    return outOfBounds(`no more than \`max\` (${formatDurationMs(line.retry.backoff.max)})`, at, given)
  })
}

function outOfBounds(allowed: string, path: Path, given: Given): readonly Finding[] {
  const value = given(path)
  if (value === undefined) return []
  return [{ path, message: withFound(allowed, foundText(value, path)), shownAt: 'value' }]
}

function without(needs: string, beside: string, path: Path, given: Given): readonly Finding[] {
  const value = given(path)
  if (value === undefined) return []
  const message = `${foundText(value, path)} has no effect: expected ${needs}; found ${beside}`
  return [{ path, message, shownAt: 'value' }]
}
