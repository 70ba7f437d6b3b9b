import type { AttemptView } from '../../../src/admin/api.ts'

const ofAll = /^All \d+ attempts failed: /

/** Details that the words for an outcome already express. */
const told: Readonly<Record<string, RegExp>> = {
  refused: /^connection refused$/,
  reset: /^connection (?:reset|closed)(?: before its answer)?\.?$/,
  timeout: /^no answer within \d+ ms$/,
}

/** The parts of a failure's detail that its attempts do not show already, each part once. */
export function addedBy(detail: string, attempts: readonly AttemptView[]): readonly string[] {
  const parts = ofAll.test(detail) ? detail.replace(ofAll, '').split('; ') : [detail]
  return [...new Set(parts)].filter((part) => !attempts.some((attempt) => isToldBy(attempt, part)))
}

/** `server1: connection refused` adds nothing to "server1 refused"; `name does not resolve` does. */
function isToldBy({ target, outcome, status, detail }: AttemptView, part: string): boolean {
  if (!part.startsWith(`${target}: `)) return outcome === 'invalid' && part === detail
  const rest = part.slice(target.length + 2)
  // The recorder truncates long details, mostly inside a part.
  if (rest.endsWith('…')) return true
  if (outcome === 'invalid') return part === detail
  return told[outcome ?? '']?.test(rest) ?? rest === `status ${status}`
}
