import { z } from 'zod'
import { host, isLoopback, port } from '../kit/address-schema.ts'

export const adminOptions = z
  .strictObject({
    host: host.prefault('127.0.0.1').describe('Beyond loopback a `token` is required.'),
    port: port.prefault(9900).describe('0 picks any free port.'),
    token: z
      .string()
      .min(16, { error: 'at least 16 characters' })
      // No header could carry others: Node reads it as latin1 and trims blanks from its ends.
      .regex(/^[\x21-\x7e]+$/, { error: 'only visible ASCII characters: letters, digits, punctuation, no spaces' })
      .optional()
      .describe(
        'Visible ASCII, no blanks. Clients must send `Authorization: Bearer TOKEN`. `/healthz` and `/readyz` need no token.',
      ),
  })
  .describe(
    'Where operators connect: the dashboard at `/`, its API at `/api`, `/metrics`, `/healthz`, `/readyz`. Omit to disable it.',
  )
  .refine((options) => isLoopback(options.host) || options.token !== undefined, {
    error: 'a token of at least 16 characters, as the host is not loopback',
    path: ['token'],
  })

export type AdminOptions = z.output<typeof adminOptions>
