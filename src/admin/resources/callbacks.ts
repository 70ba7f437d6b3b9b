import { ok, type Result } from '../../core/result.ts'
import type { Clock } from '../../kit/clock.ts'
import { json, refusal } from '../answer.ts'
import type { TicketListView, WaiterListView } from '../api.ts'
import type { Inspector } from '../inspector.ts'
import { wholeNumberIn } from '../request-input.ts'
import type { Resource } from '../resource.ts'

/** Callback results that arrived too late; times of day in milliseconds. */
export interface TicketSource {
  tickets(limit: number): Promise<
    Result<
      readonly {
        readonly id: string
        readonly route: string
        readonly createdAt: number
        readonly readyUntil: number
        readonly bytes: number
      }[]
    >
  >
  ticketFigures(): { readonly tickets: number; readonly bytes: number }
}

const limits = { min: 1, max: 1000, default: 100 }

/** `/api/waiters` and `/api/tickets`; both are empty if no route uses `callback`. */
export function callbackResources(
  servers: Pick<Inspector, 'waiters'>,
  source: TicketSource | undefined,
  clock: Pick<Clock, 'wallNow'>,
): readonly Resource[] {
  return [
    {
      path: '/api/waiters',
      methods: {
        GET: async ({ query }) => {
          const limit = wholeNumberIn(query, 'limit', limits)
          if (!limit.ok) return limit.refusal
          const { open, waiters: waiting } = await servers.waiters(limit.value)
          const waiters = waiting.map(({ startedAtMs, expiresAtMs, id, route, state }) => ({
            id,
            route,
            state,
            startedAt: iso(startedAtMs),
            expiresAt: iso(expiresAtMs),
          }))
          return json({ open, waiters } satisfies WaiterListView)
        },
      },
    },
    {
      path: '/api/tickets',
      methods: {
        GET: async ({ query }) => {
          const limit = wholeNumberIn(query, 'limit', limits)
          if (!limit.ok) return limit.refusal
          const found = (await source?.tickets(limit.value)) ?? ok([])
          if (!found.ok) return refusal(503, found.failure.detail)
          const now = clock.wallNow()
          const tickets = found.value
            .filter(({ readyUntil }) => readyUntil > now)
            .map(({ id, route, createdAt, readyUntil, bytes }) => ({
              id,
              route,
              state: 'ready' as const,
              createdAt: iso(createdAt),
              expiresAt: iso(readyUntil),
              bytes,
            }))
          const { tickets: kept, bytes } = source?.ticketFigures() ?? { tickets: 0, bytes: 0 }
          return json({ kept, bytes, tickets } satisfies TicketListView)
        },
      },
    },
  ]
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString()
}
