import { z } from 'zod'
import { duration, offIs, path, synonyms, wholeNumber } from '../../kit/schema.ts'

const keyForms = 'header:NAME, query:NAME, cookie:NAME or address'

const ewma = z
  .strictObject({
    decay: duration({ min: 1 })
      .prefault('10s')
      .describe("How long a slow answer is remembered: after so long it counts for a third. Finagle's default."),
    start: duration({ min: 1 })
      .prefault('30ms')
      .describe(
        "What a target is taken to need while nothing is known of it and its first attempt is under way; an idle one goes first, to be tried. linkerd's default.",
      ),
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
      .describe(
        'Picks that one report may decide; for each it counts one more in flight. 5 is ours: three probes at each pick bring more than enough, so that it tells only where targets answer them late.',
      ),
    timeout: duration({ min: 1 })
      .prefault('1s')
      .describe(
        'How long a target may take to say it. 1 s is ours: a target that takes longer to say it is no better a choice than one that says nothing.',
      ),
  })
  .describe('As the targets themselves say.')

const error =
  '`round-robin`, `random`, `least-requests`, `peak-ewma`, or one with its options: { peak-ewma: { decay: 10s } }, { consistent-hash: { by: header:x-user } } or { probing: { path: /load } }'

const [hash, byAddress] = ['{ consistent-hash: { by: header:NAME } }', '{ consistent-hash: { by: address } }']
const probe = '{ probing: { path: /load } }'

/** What other proxies, and papers, call them; `-` stands for `_` too. */
const namesElsewhere = {
  rr: 'round-robin',
  roundrobin: 'round-robin',
  wrr: 'round-robin',
  'least-conn': 'least-requests',
  leastconn: 'least-requests',
  'least-connections': 'least-requests',
  'least-request': 'least-requests',
  p2c: 'least-requests',
  ewma: 'peak-ewma',
  'least-time': 'peak-ewma',
  'consistent-hash': hash,
  hash,
  maglev: hash,
  'ring-hash': hash,
  'ip-hash': byAddress,
  source: byAddress,
  probing: probe,
  prequal: probe,
}

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
  .register(synonyms, namesElsewhere)
  .prefault('round-robin')
  .describe(
    'How the target of an attempt is chosen. `round-robin`: in turn, by weight (as nginx does). `random`: by chance, by weight. `least-requests`: the one with fewer attempts in flight, of two by chance (as Envoy does). `peak-ewma`: the one that answers sooner, of two by chance (as Finagle does). `consistent-hash`: by a key of the request. `probing`: by what the targets say (Prequal).',
  )

export type BalanceOptions = z.output<typeof balanceOption>

export const slowStartOption = duration()
  .register(synonyms, offIs('0ms'))
  .prefault('0ms')
  .describe(
    "How long a target that is new or comes back takes to get its whole share; it begins with a tenth (Envoy's slow start, with its defaults). 0ms: it gets it at once.",
  )
