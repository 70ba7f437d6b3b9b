import type { Path } from '../kit/json-pointer.ts'
import { type MetricName, metrics, sampleNames } from '../telemetry/metrics/catalogue.ts'
import type { ViewOptions } from '../telemetry/metrics/options.ts'
import { targetsOf } from '../upstream/targets.ts'
import type { Finding } from './diagnostic.ts'
import { matchText } from './match.ts'
import type { Salvage } from './salvage.ts'
import type { Config } from './schema.ts'
import { suggest } from './suggest.ts'
import { foundText, listed, withFound } from './wording.ts'

export function checkMetrics(salvage: Salvage): readonly Finding[] {
  const { config } = salvage
  const values = openValues(salvage)
  return [
    ...config.metrics.views.flatMap((view, index) => checkView(view, ['metrics', 'views', index], values)),
    ...checkNames(config),
    ...checkPaths(config),
  ]
}

/** The label values that the configuration determines; undefined: unknown. */
type OpenValues = Readonly<Record<string, readonly string[] | undefined>>

function openValues({ config: { routes, upstreams }, isIntact }: Salvage): OpenValues {
  const targets = Object.entries(upstreams).flatMap(([name, upstream]) => targetsOf(name, upstream))
  return {
    ...(isIntact(['routes']) && { route: [...routes.map(({ match }) => matchText(match)), 'none', 'page'] }),
    ...(isIntact(['upstreams']) && {
      upstream: Object.keys(upstreams),
      target: [...new Set(targets.map(({ name }) => name))],
    }),
  }
}

function checkView({ from, where, labels }: ViewOptions, path: Path, open: OpenValues): readonly Finding[] {
  const facts: { readonly type: string; readonly labels: Readonly<Record<string, 'open' | readonly string[]>> } =
    metrics[from]
  if (facts.type === 'histogram') {
    const message = withFound('a counter or a gauge, as their values can be added up', `the histogram ${from}`)
    return [{ path: [...path, 'from'], message, shownAt: 'value' }]
  }
  const names = Object.keys(facts.labels)
  const expected = `a label of ${from} (${listed(names)})`
  return [
    ...Object.entries(labels)
      .filter(([, label]) => !names.includes(label))
      .map(([name, label]) => unknown(label, names, expected, { path: [...path, 'labels', name], shownAt: 'value' })),
    ...Object.entries(where).flatMap(([label, value]) => {
      const at = [...path, 'where', label]
      if (!names.includes(label)) return [unknown(label, names, expected, { path: at, shownAt: 'key' })]
      const closed = facts.labels[label]
      const known = closed === 'open' ? open[label] : closed
      return known === undefined ? [] : checkValues(value, known, at, `a value of ${label}`)
    }),
  ]
}

function checkValues(
  value: string | readonly string[],
  known: readonly string[],
  path: Path,
  expected: string,
): readonly Finding[] {
  return [value].flat().flatMap((one, index) => {
    if (known.includes(one)) return []
    const at = typeof value === 'string' ? path : [...path, index]
    return [unknown(one, known, `${expected} (${listed(known)})`, { path: at, shownAt: 'value' })]
  })
}

function unknown(
  found: string,
  known: readonly string[],
  expected: string,
  at: Pick<Finding, 'path' | 'shownAt'>,
): Finding {
  const suggestion = suggest(found, known)
  const meant = suggestion === undefined ? '' : `; did you mean "${suggestion}"?`
  const message = withFound(expected, foundText(found, [])) + meant
  return { ...at, message, ...(suggestion !== undefined && { suggestion }) }
}

/** A name identifies one metric; so do the names of a histogram's lines. */
function checkNames({ metrics: { rename, views } }: Config): readonly Finding[] {
  const renamed = Object.entries(rename) as readonly (readonly [MetricName, string])[]
  const own = (Object.keys(metrics) as readonly MetricName[]).filter((name) => rename[name] === undefined)
  const taken = new Set(own.flatMap((name) => sampleNames(name, metrics[name])))
  const asked = [
    ...renamed.map(([name, to]) => ({ to, facts: metrics[name], path: ['metrics', 'rename', name] as Path })),
    ...views.map(({ name, from }, index) => ({
      to: name,
      facts: metrics[from],
      path: ['metrics', 'views', index, 'name'] as Path,
    })),
  ]
  return asked.flatMap(({ to, facts, path }) => {
    const names = sampleNames(to, facts)
    const clash = names.some((name) => taken.has(name))
    for (const name of names) taken.add(name)
    if (!clash) return []
    const message = withFound('a name that no other metric has', foundText(to, []))
    return [{ path, message, shownAt: 'value' } as const]
  })
}

/** A page whose requests a route, or another page, takes. */
function checkPaths({ metrics: { path }, status, routes }: Config): readonly Finding[] {
  const taken = new Map<string, string>()
  for (const { match } of routes) {
    if (match.methods?.includes('GET') === false) continue
    taken.set(match.path, `the route \`${matchText(match)}\``)
  }
  const pages = [
    { at: ['metrics', 'path'] as Path, path },
    { at: ['status', 'path'] as Path, path: status?.path },
  ]
  return pages.flatMap(({ at, path: page }) => {
    if (page === undefined) return []
    const by = taken.get(page)
    taken.set(page, `\`${at.join('.')}\``)
    if (by === undefined) return []
    return [{ path: at, message: withFound(`a path that ${by} does not have`, foundText(page, [])), shownAt: 'value' }]
  })
}
