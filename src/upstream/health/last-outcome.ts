import { type Attempt, type AttemptOutcome, attemptOutcomes } from '../../core/attempt.ts'

/** The outcome of a bad attempt as one integer that fits a cell; 0: unknown. */
export function outcomeWord({ outcome, status }: Pick<Attempt, 'outcome' | 'status'>): number {
  // A good head was followed by a body that broke off.
  const told: AttemptOutcome = outcome === undefined || outcome === 'success' ? 'reset' : outcome
  return ((status ?? 0) << 4) | (attemptOutcomes.indexOf(told) + 1)
}

/** `status 500`, `timeout`: for the log. */
export function outcomeText(word: number): string | undefined {
  const outcome = attemptOutcomes[(word & 15) - 1]
  return outcome === 'server_error' ? `status ${word >> 4}` : outcome
}
