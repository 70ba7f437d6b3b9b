import { z } from 'zod'
import { size } from '../../kit/schema.ts'
import { attemptOptions, heldOptions, upstreamName } from '../attempt-options.ts'

export const forwardOptions = z
  .strictObject({
    upstream: upstreamName,
    ...attemptOptions,
    bodyLimit: size()
      .optional()
      .describe(
        'The largest request body that is taken; more gets 413. Default: 1MiB with `retry`, which has to hold it; else none, as it is streamed.',
      ),
    maxAnswer: heldOptions.maxAnswer,
  })
  .describe('One attempt at a balanced target, streamed both ways. WebSocket upgrades pass through.')
