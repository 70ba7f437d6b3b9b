import { whole } from './kit/format.ts'
import { type Figures, medianOf, medianRatio, type Round } from './kit/measure.ts'
import type { Case, Verdict } from './kit/results.ts'

const cpu = (round: Round): number => round.cpuUs
const throughput = (round: Round): number => round.mibPerSecond

/** The bounds that Hedgerow must keep. A bound without figures is not judged. */
export function judge(cases: readonly Case[]): readonly Verdict[] {
  const figures = (suite: string, name: string, who: string): Figures | undefined =>
    cases.find((one) => one.suite === suite && one.name === name)?.figures.find((one) => one.name === who)
  const at64 = (who: string): Figures | undefined => figures('forward', '64 connections', who)
  const verdicts: (Verdict | undefined)[] = [
    ratio('forward at 64 connections: CPU, times nginx', at64('Hedgerow'), at64('nginx'), cpu, { atMost: 2 }),
    ...['Caddy', '@fastify/http-proxy', 'http-proxy-3'].map((peer) =>
      ratio(`forward at 64 connections: CPU of ${peer}, times Hedgerow`, at64(peer), at64('Hedgerow'), cpu, {
        atLeast: 1.8,
      }),
    ),
    growth(
      { few: at64('Hedgerow'), many: figures('forward', '1500 connections', 'Hedgerow') },
      { few: at64('nginx'), many: figures('forward', '1500 connections', 'nginx') },
    ),
    ratio(
      'all of 2: CPU, times nginx with Lua',
      figures('fan-out', 'all of 2', 'Hedgerow'),
      figures('fan-out', 'all of 2', 'nginx with Lua'),
      cpu,
      { atMost: 2.5 },
    ),
    ratio(
      'hedge on a fast backend: CPU, times forward',
      figures('hedge', 'on a fast backend', 'hedge'),
      figures('hedge', 'on a fast backend', 'forward'),
      cpu,
      { atMost: 1.3 },
    ),
    ratio(
      'bodies of 1 MiB: throughput, times nginx',
      figures('bodies', '1 MiB', 'Hedgerow'),
      figures('bodies', '1 MiB', 'nginx'),
      throughput,
      { atLeast: 0.5 },
    ),
    noneFailed(cases),
  ]
  return verdicts.filter((verdict) => verdict !== undefined)
}

type Limit = { readonly atMost: number } | { readonly atLeast: number }

export function verdict(bound: string, value: number, limit: Limit): Verdict {
  const isAtMost = 'atMost' in limit
  const edge = isAtMost ? limit.atMost : limit.atLeast
  return { bound, value, limit: edge, isAtMost, holds: isAtMost ? value <= edge : value >= edge }
}

export function verdictLine(judged: Verdict): string {
  return `${judged.holds ? 'holds        ' : 'DOES NOT HOLD'}  ${judged.bound}: ${measuredText(judged)} (${limitText(judged)})`
}

export function measuredText({ value, note }: Verdict): string {
  const figure = Number.isInteger(value) ? whole(value) : value.toFixed(2)
  return note === undefined ? figure : `${figure}, ${note}`
}

export function limitText({ isAtMost, limit }: Verdict): string {
  return `${isAtMost ? 'at most' : 'at least'} ${limit}`
}

function ratio(
  bound: string,
  one: Figures | undefined,
  other: Figures | undefined,
  value: (round: Round) => number,
  limit: Limit,
): Verdict | undefined {
  if (one === undefined || other === undefined) return undefined
  return verdict(bound, medianRatio(one, other, value), limit)
}

interface Grown {
  readonly few: Figures | undefined
  readonly many: Figures | undefined
}

/** Compares two cases with unrelated rounds. The growth of nginx is due to the kernel. */
function growth(own: Grown, nginx: Grown): Verdict | undefined {
  const [value, beside] = [grown(own), grown(nginx)]
  if (value === undefined) return undefined
  const judged = verdict('forward at 1500 connections: CPU, times that at 64', value, { atMost: 1.3 })
  return beside === undefined ? judged : { ...judged, note: `nginx ${beside.toFixed(2)}` }
}

function grown({ few, many }: Grown): number | undefined {
  return few === undefined || many === undefined ? undefined : medianOf(many, cpu) / medianOf(few, cpu)
}

/** A gateway that fails calls is not fast. */
function noneFailed(cases: readonly Case[]): Verdict | undefined {
  const own = cases.flatMap(({ suite, figures }) =>
    figures.filter(({ name }) => name === 'Hedgerow' || suite === 'hedge' || suite === 'flows'),
  )
  if (own.length === 0) return undefined
  const failed = own.flatMap(({ rounds }) => rounds).reduce((sum, round) => sum + round.failed, 0)
  return verdict('requests that Hedgerow failed', failed, { atMost: 0 })
}
