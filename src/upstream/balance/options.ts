import { z } from 'zod'
import { duration, offIs, path, synonyms, wholeNumber } from '../../kit/schema.ts'

const keyForms = 'header:NAME, query:NAME, cookie:NAME or address'

const ewma = z
  .strictObject({
    decay: duration({ min: 1 })
      .prefault('10s')
      .describe("How long a slow answer is remembered: after this time it counts for a third. Finagle's default."),
    start: duration({ min: 1 })
      .prefault('30ms')
      .describe(
        "Latency assumed for a target while nothing is known of it and its first attempt is in flight; an idle one is tried first. linkerd's default.",
      ),
  })
  .describe('Prefers the target with the fastest answers, weighed against its attempts in flight.')

const consistentHash = z
  .strictObject({
    by: z
      .string({ error: keyForms })
      .regex(/^(?:(?:header|cookie):[!#$%&'*+.^_`|~0-9A-Za-z-]+|query:[^\s&=#]+|address)$/, { error: keyForms })
      .describe(
        '`header:NAME`, `query:NAME`, `cookie:NAME`, or `address` for the client. Requests without it are spread at random.',
      ),
  })
  .describe('Sends a key to the same target for as long as that target is available: a Maglev table of 65537 slots.')

const probing = z
  .strictObject({
    path: path().describe(
      'Path of the probe, below the base URL of the target. The answer has the header `x-load-in-flight`, the number of requests in progress at the target, and may have `x-load-latency-ms`, the current latency of a request.',
    ),
    probes: wholeNumber({ min: 1, max: 16 })
      .prefault(3)
      .describe('Targets probed at each pick. The Prequal paper uses 3.'),
    pool: wholeNumber({ min: 2, max: 128 }).prefault(16).describe('Reports kept. The Prequal paper uses 16.'),
    age: duration({ min: 1 }).prefault('1s').describe('Older reports are ignored. The Prequal paper uses 1 s.'),
    uses: wholeNumber({ min: 1, max: 100 })
      .prefault(5)
      .describe(
        'Picks that one report may decide; each adds one to its requests in flight. We chose 5: three probes per pick bring more than enough reports, so the limit matters only when targets answer probes late.',
      ),
    timeout: duration({ min: 1 })
      .prefault('1s')
      .describe(
        'Time limit of a probe. We chose 1 s: a target that takes longer to report is no better a choice than one that does not.',
      ),
  })
  .describe('Goes by the load that the targets report.')

const error =
  '`round-robin`, `random`, `least-requests`, `peak-ewma`, or one with its options: { peak-ewma: { decay: 10s } }, { consistent-hash: { by: header:x-user } } or { probing: { path: /load } }'

const [hash, byAddress] = ['{ consistent-hash: { by: header:NAME } }', '{ consistent-hash: { by: address } }']
const probe = '{ probing: { path: /load } }'

/** Names that other proxies and papers use; `-` also matches `_`. */
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

/** A balancer given by its name alone. */
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
    'How the target of an attempt is chosen. `round-robin`: in turn, by weight (as in nginx). `random`: at random, by weight. `least-requests`: of two drawn at random, the one with fewer attempts in flight (as in Envoy). `peak-ewma`: of two drawn at random, the one that answers sooner (as in Finagle). `consistent-hash`: by a key of the request. `probing`: by the load that targets report (Prequal).',
  )

export type BalanceOptions = z.output<typeof balanceOption>

export const slowStartOption = duration()
  .register(synonyms, offIs('0ms'))
  .prefault('0ms')
  .describe(
    "How long a new or returning target takes to reach its full share; it starts at a tenth (Envoy's slow start, with its defaults). 0ms: full share at once.",
  )
