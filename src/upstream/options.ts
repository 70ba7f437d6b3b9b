import { z } from 'zod'
import { baseUrl } from '../kit/address-schema.ts'
import { duration, wholeNumber } from '../kit/schema.ts'
import { extraLoadOption } from '../layers/extra-load-budget/options.ts'
import { dnsOptions } from '../transport/client/dns-options.ts'
import { balanceOption } from './balance/options.ts'
import { slowStartOption } from './balance/slow-start-option.ts'
import { healthShape } from './health/options.ts'

const target = z.union(
  [
    baseUrl.transform((url) => ({ url, weight: 1 })),
    z.strictObject({
      url: baseUrl.describe('Base URL. Its path is prefixed to the path of each request.'),
      weight: wholeNumber({ min: 1, max: 1000 })
        .prefault(1)
        .describe('Share of the attempts, relative to the weights of the other targets.'),
    }),
  ],
  { error: 'a URL such as http://127.0.0.1:9101 (http or https, without user, query or fragment), or { url, weight }' },
)

const atLeastOneTarget = { error: 'at least one target' }

export const upstreamOptions = z
  .strictObject({
    targets: z
      .union(
        [
          z.array(target).min(1, atLeastOneTarget),
          z.record(z.string().min(1), target).refine((named) => Object.keys(named).length > 0, atLeastOneTarget),
        ],
        {
          error: 'a list of URLs, or URLs by name, at least one',
        },
      )
      .describe('Base URLs of targets that do the same job. Unnamed targets are called by host and port.'),
    balance: balanceOption,
    budget: extraLoadOption,
    slowStart: slowStartOption,
    ...healthShape,
    dns: dnsOptions,
    connectTimeout: duration({ min: 1 })
      .prefault('2s')
      .describe(
        'How long establishing a connection may take. We chose 2 s to allow for one lost SYN, which is retransmitted after 1 s (RFC 6298). Envoy uses 5 s.',
      ),
    keepAlive: duration({ min: 1 })
      .prefault('4s')
      .describe(
        "How long an idle connection is kept; a target's own Keep-Alive hint takes precedence. Shorter than the 5 s of Node's servers, so that the target does not close it first.",
      ),
  })
  .describe('A named set of targets that do the same job.')

export type UpstreamOptions = z.output<typeof upstreamOptions>
/** Upstreams by name. */
export type UpstreamsOptions = Readonly<Record<string, UpstreamOptions>>
