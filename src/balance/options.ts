import { z } from 'zod'
import { duration, path, wholeNumber } from '../kit/schema.ts'

const keyForms = 'header:NAME, query:NAME, cookie:NAME or address'

const ewma = z
  .strictObject({
    decay: duration({ min: 1 })
      .prefault('10s')
      .describe("How long a slow answer is remembered: after so long it counts for a third. Finagle's default."),
    start: duration({ min: 1 })
      .prefault('30ms')
      .describe("What a target is taken to need while nothing is known of it. linkerd's default."),
  })
  .describe('Where answers are fastest, next to what is in flight.')

const consistentHash = z
  .strictObject({
    by: z
      .string({ error: keyForms })
      .regex(/^(?:(?:header|cookie):[!#$%&'*+.^_`|~0-9A-Za-z-]+|query:[^\s&=#]+|address)$/, { error: keyForms })
      .describe(
        '`header:NAME`, `query:NAME`, `cookie:NAME`, or `address` for the client. A request without it goes by chance.',
      ),
  })
  .describe('Always the same target for the same key, as long as it is there: a Maglev table of 65537 slots.')

const probing = z
  .strictObject({
    path: path().describe(
      'Where targets are asked, below their base URL. The answer has a field `x-load-in-flight`, the requests that the target is busy with, and may have `x-load-latency-ms`, what one takes at the moment.',
    ),
    probes: wholeNumber({ min: 1, max: 16 })
      .prefault(3)
      .describe('Targets that are asked at each pick. The Prequal paper has 3.'),
    pool: wholeNumber({ min: 2, max: 128 }).prefault(16).describe('Reports that are kept. The Prequal paper has 16.'),
    age: duration({ min: 1 }).prefault('1s').describe('Older reports are not believed. The Prequal paper has 1 s.'),
    uses: wholeNumber({ min: 1, max: 100 })
      .prefault(5)
      .describe('Picks that one report may decide; for each it counts one more in flight.'),
    timeout: duration({ min: 1 }).prefault('1s').describe('How long a target may take to say it.'),
  })
  .describe('As the targets themselves say.')

const error =
  '`round-robin`, `random`, `least-requests`, `peak-ewma`, or { peak-ewma }, { consistent-hash } or { probing } with its options'

const ewmaDefaults = ewma.parse({})

/** What a name alone can say. */
type ByName =
  | { readonly kind: 'round-robin' }
  | { readonly kind: 'random' }
  | { readonly kind: 'least-requests' }
  | ({ readonly kind: 'peak-ewma' } & z.output<typeof ewma>)

export const balanceOption = z
  .union(
    [
      z
        .enum(['round-robin', 'random', 'least-requests', 'peak-ewma'])
        .transform((kind): ByName => (kind === 'peak-ewma' ? { kind, ...ewmaDefaults } : { kind })),
      z
        .strictObject({ 'peak-ewma': ewma })
        .transform((given) => ({ kind: 'peak-ewma' as const, ...given['peak-ewma'] })),
      z
        .strictObject({ 'consistent-hash': consistentHash })
        .transform((given) => ({ kind: 'consistent-hash' as const, ...given['consistent-hash'] })),
      z.strictObject({ probing }).transform((given) => ({ kind: 'probing' as const, ...given.probing })),
    ],
    { error },
  )
  .prefault('round-robin')
  .describe(
    'How the target of an attempt is chosen. `round-robin`: in turn, by weight (as nginx does). `random`: by chance, by weight. `least-requests`: the one with fewer attempts in flight, of two by chance (as Envoy does). `peak-ewma`: the one that answers sooner, of two by chance (as Finagle does). `consistent-hash`: by a key of the request. `probing`: by what the targets say (Prequal).',
  )

export type BalanceOptions = z.output<typeof balanceOption>

export const slowStartOption = duration()
  .prefault('0ms')
  .describe(
    "How long a target that is new or comes back takes to get its whole share; it begins with a tenth (Envoy's slow start, with its defaults). 0ms: it gets it at once.",
  )
