import type { ConnectionFigures } from '../transport/server/connection-counts.ts'
import type { PageText } from './pages.ts'

/**
 * The front's connections in the format of nginx's `stub_status`. Byte for byte, including blanks at line ends:
 * programs parse it.
 */
export function statusText(figures: ConnectionFigures): PageText {
  const { active, accepted, refused, requests, reading, writing, waiting } = figures
  const lines = [
    `Active connections: ${active} `,
    'server accepts handled requests',
    // Connections closed at once count as accepted but not handled.
    ` ${accepted + refused} ${accepted} ${requests} `,
    `Reading: ${reading} Writing: ${writing} Waiting: ${waiting} `,
  ]
  return { contentType: 'text/plain', body: `${lines.join('\n')}\n` }
}
