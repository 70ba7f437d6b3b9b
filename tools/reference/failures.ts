import { type FailureCode, failureCodes, type RetryVerdict } from '../../src/core/failure.ts'
import { failureStatuses, statusesWithRetryAfter } from '../../src/transport/server/failure-table.ts'
import { code, madeFrom, page, table } from './markdown.ts'

const verdicts: Readonly<Record<RetryVerdict, string>> = {
  safe: 'No target has seen the request, so any method may be repeated.',
  unsafe: 'A target may have acted on it, so only an idempotent method is repeated.',
  no: 'It would end the same way.',
}

export function failuresPage(): string {
  const codes = Object.keys(failureCodes) as readonly FailureCode[]
  const withRetryAfter = [...statusesWithRetryAfter].map(String).join(' and ')
  return page([
    '# Failures',
    madeFrom('`src/core/failure.ts` and `src/transport/server/failure-table.ts`'),
    'A failed call is answered with `application/problem+json` (RFC 9457), whose member `code` has the code below. A client that prefers `text/plain` gets only the detail.',
    `A route can change the status and detail of a code with [\`failures\`](configuration.md#failures). Responses with status ${withRetryAfter} have \`Retry-After\`.`,
    table(
      ['Code', 'Status', 'Source', 'Retry', 'Meaning'],
      codes.map((name) => {
        const { source, retry, meaning } = failureCodes[name]
        return [code(name), String(failureStatuses[name]), source, retry, meaning]
      }),
    ),
    'The source is the party at fault. The retry verdict says whether a failed attempt is repeated if the route has retries:',
    Object.entries(verdicts)
      .map(([verdict, meaning]) => `- ${code(verdict)}: ${meaning}`)
      .join('\n'),
  ])
}
