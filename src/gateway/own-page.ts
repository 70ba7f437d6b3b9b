import { succeeded } from '../core/outcome.ts'
import type { RoutedHandler } from './router.ts'

export interface PageText {
  readonly contentType: string
  readonly body: string
}

/** A page of the gateway's own that anybody may read: `GET path`. */
export function ownPage(path: string, what: string, text: () => PageText | Promise<PageText>): RoutedHandler {
  return {
    match: { methods: ['GET'], path },
    handler: {
      facts: { name: `GET ${path}`, strategy: what, idleTimeoutMs: 30_000 },
      service: async () => {
        const { contentType, body } = await text()
        const headers = ['content-type', contentType, 'cache-control', 'no-store']
        return succeeded({ status: 200, headers, body: Buffer.from(body), attempt: undefined, upgraded: undefined })
      },
      failures: { mappings: {}, listAttempts: false },
      explain: false,
      upgrades: false,
      // Whoever watches the gateway wants to see how it ends.
      servesWhileDraining: true,
    },
  }
}
