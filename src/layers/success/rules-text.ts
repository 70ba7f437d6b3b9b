import { formatSizeBytes } from '../../kit/units.ts'
import { statusRangeText } from './options.ts'
import type { SuccessRules } from './success.ts'

/** In plain words, for `hedgerow check --explain`. */
export function successText(rules: SuccessRules): string {
  const statuses = (rules.status ?? rules.judgedOnly ?? []).map(statusRangeText).join(', ')
  const parts = [
    // Other answers are passed on unjudged.
    `${rules.status === undefined ? 'only ' : ''}status ${statuses}`,
    rules.json ? 'JSON' : '',
    rules.contentType ?? '',
    rules.hold || rules.json ? `held up to ${formatSizeBytes(rules.maxAnswerBytes)}` : '',
  ]
  return parts.filter((part) => part !== '').join(', ')
}
