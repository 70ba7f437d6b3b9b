import { z } from 'zod'
import { count, time } from '../kit/view-schema.ts'

/** Waiting clients and late results as shown to operators. */

const waiter = z.strictObject({
  id: z.string(),
  route: z.string(),
  state: z.enum(['registered', 'acknowledged']),
  startedAt: time,
  expiresAt: time,
})

const ticket = z.strictObject({
  id: z.string(),
  route: z.string(),
  state: z.enum(['running', 'ready']),
  createdAt: time,
  expiresAt: time,
  bytes: count,
})

export const waiterList = z.strictObject({
  open: count,
  waiters: z.array(waiter).describe('Oldest first; no more than `limit`.'),
})

export const ticketList = z.strictObject({ kept: count, bytes: count, tickets: z.array(ticket) })
