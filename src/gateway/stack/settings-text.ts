import { formatDurationMs } from '../../kit/units.ts'
import type { ConcurrencyOptions } from '../../layers/concurrency-limit/options.ts'
import type { DeadlineOptions } from '../../layers/deadline/options.ts'
import type { RetryOptions } from '../../layers/retry/options.ts'
import type { RewriteOptions } from '../../layers/rewrite/options.ts'
import { statusRangeText } from '../../layers/success/options.ts'
import type { SuccessRules } from '../../layers/success/success.ts'
import { shareText } from '../../strategies/share-text.ts'
import type { UpstreamOptions } from '../../upstream/options.ts'

/** The options of the built-in layers in plain words, for `hedgerow check --explain`. */

export function sizeText(bytes: number): string {
  const units = [
    ['GiB', 1024 ** 3],
    ['MiB', 1024 ** 2],
    ['KiB', 1024],
  ] as const
  const [unit, factor] = units.find(([, size]) => bytes >= size && bytes % size === 0) ?? ['B', 1]
  return `${bytes / factor}${unit}`
}

export function deadlineText({ default: usual, min, max, from, required }: DeadlineOptions): string {
  if (from === undefined) return formatDurationMs(usual)
  const source = 'query' in from ? `?${from.query}` : `header ${from.header}`
  const asked = `from ${source}, ${formatDurationMs(min)} to ${formatDurationMs(max)}`
  return required ? `${asked}, required` : `${formatDurationMs(usual)}, or ${asked}`
}

export function concurrencyText({ limit, min, max, queue, queueTime }: ConcurrencyOptions): string {
  const calls = limit === 'adaptive' ? `adaptive, ${min} to ${max} calls` : `${limit} in flight`
  return queue === 0 ? `${calls}, no queue` : `${calls}, ${queue} may wait ${formatDurationMs(queueTime)}`
}

export function rewriteText({ path, headers }: RewriteOptions): string {
  const set = Object.keys(headers?.set ?? {})
  const remove = headers?.remove ?? []
  const parts = [
    path === undefined ? '' : `path ${path}`,
    // Values may be secrets.
    set.length === 0 ? '' : `sets ${set.join(', ')}`,
    remove.length === 0 ? '' : `removes ${remove.join(', ')}`,
  ].filter((part) => part !== '')
  return parts.length === 0 ? 'nothing' : parts.join('; ')
}

export function retryText({ attempts, backoff, budget, minBudget }: RetryOptions): string {
  const waits = `waits up to ${formatDurationMs(backoff.base)}, then ${formatDurationMs(backoff.max)}`
  return `${attempts} attempts, ${waits}, budget ${shareText(budget)} (at least ${minBudget})`
}

export function budgetText(budget: UpstreamOptions['budget']): string {
  return budget === 'unlimited' ? budget : `${shareText(budget.share)} of calls, at least ${budget.min}`
}

export function balancerText({ kind }: UpstreamOptions['balance']): string {
  return kind
}

export function successText(rules: SuccessRules): string {
  const statuses = (rules.status ?? rules.judgedOnly ?? []).map(statusRangeText).join(', ')
  const parts = [
    // Other answers are passed on unjudged.
    `${rules.status === undefined ? 'only ' : ''}status ${statuses}`,
    rules.json ? 'JSON' : '',
    rules.contentType ?? '',
    rules.hold || rules.json ? `held up to ${sizeText(rules.maxAnswerBytes)}` : '',
  ]
  return parts.filter((part) => part !== '').join(', ')
}
