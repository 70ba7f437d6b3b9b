import type { ConnectionFigures } from '../transport/server/connection-counts.ts'
import type { PageText } from './pages.ts'

/** The front's connections, as nginx's `stub_status` tells its own. To the letter, blanks at line ends included: there are programs that read it. */
export function statusText(figures: ConnectionFigures): PageText {
  const { active, accepted, refused, requests, reading, writing, waiting } = figures
  const lines = [
    `Active connections: ${active} `,
    'server accepts handled requests',
    // What was closed at once was accepted and not handled.
    ` ${accepted + refused} ${accepted} ${requests} `,
    `Reading: ${reading} Writing: ${writing} Waiting: ${waiting} `,
  ]
  return { contentType: 'text/plain', body: `${lines.join('\n')}\n` }
}
