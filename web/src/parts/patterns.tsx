/**
 * Outcomes of attempts also have patterns, so that they can be read without colour. The colours are in `parts.css`, as
 * they change with the theme.
 */
export const outcomeOrder = [
  'success',
  'timeout',
  'refused',
  'tls_error',
  'reset',
  'server_error',
  'client_error',
  'rate_limited',
  'invalid',
  'gateway_exhausted',
  'cancelled',
] as const

export const outcomeNames: Readonly<Record<string, string>> = {
  success: 'success',
  timeout: 'timeout',
  refused: 'refused',
  tls_error: 'TLS error',
  reset: 'reset',
  server_error: 'server error',
  client_error: 'client error',
  rate_limited: 'rate limited',
  invalid: 'invalid',
  gateway_exhausted: 'gateway exhausted',
  cancelled: 'cancelled',
}

const marks: Readonly<Record<string, string>> = {
  timeout: 'M-1 1 L1 -1 M0 8 L8 0 M7 9 L9 7',
  refused: 'M0 0 L8 8 M8 0 L0 8',
  tls_error: 'M4 0 V8 M0 4 H8',
  reset: 'M2 2 h2 v2 h-2 z M6 6 h2 v2 h-2 z',
  client_error: 'M0 2 H8 M0 6 H8',
  rate_limited: 'M2 0 V8 M6 0 V8',
  invalid: 'M0 0 L8 8 M-1 7 L1 9 M7 -1 L9 1',
  gateway_exhausted: 'M0 4 H8',
  cancelled: 'M-1 1 L1 -1 M0 8 L8 0 M7 9 L9 7',
}

export function Patterns() {
  return (
    <svg class="patterns" width="0" height="0" aria-hidden="true">
      <defs>
        {outcomeOrder.map((outcome) => (
          <pattern
            key={outcome}
            id={`outcome-${outcome}`}
            class={`outcome ${outcome}`}
            width="8"
            height="8"
            patternUnits="userSpaceOnUse"
          >
            <rect width="8" height="8" />
            <path d={marks[outcome] ?? ''} />
          </pattern>
        ))}
      </defs>
    </svg>
  )
}

export function fillOf(outcome: string): string {
  return `url(#outcome-${outcome})`
}
