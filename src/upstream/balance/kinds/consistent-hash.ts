import { z } from 'zod'
import type { BalancerKind } from '../balancer-kind.ts'
import { consistentHash } from '../consistent-hash.ts'
import { keyBy } from '../hash-key.ts'

const keyForms = 'header:NAME, query:NAME, cookie:NAME or address'

const options = z
  .strictObject({
    by: z
      .string({ error: keyForms })
      .regex(/^(?:(?:header|cookie):[!#$%&'*+.^_`|~0-9A-Za-z-]+|query:[^\s&=#]+|address)$/, { error: keyForms })
      .describe(
        '`header:NAME`, `query:NAME`, `cookie:NAME`, or `address` for the client. Requests without it are spread at random.',
      ),
  })
  .describe('Sends a key to the same target for as long as that target is available: a Maglev table of 65537 slots.')

const byHeader = '{ consistent-hash: { by: header:NAME } }'
const byAddress = '{ consistent-hash: { by: address } }'

export const consistentHashKind: BalancerKind<typeof options, 'options'> = {
  options,
  form: 'options',
  summary: 'by a key of the request',
  example: '{ consistent-hash: { by: header:x-user } }',
  synonyms: {
    'consistent-hash': byHeader,
    hash: byHeader,
    maglev: byHeader,
    'ring-hash': byHeader,
    'ip-hash': byAddress,
    source: byAddress,
  },
  make: ({ by }, rotation, { random, trusts }) => consistentHash(rotation, { random, keyOf: keyBy(by, trusts) }),
}
