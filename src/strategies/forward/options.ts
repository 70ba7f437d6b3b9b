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
        'The largest request body accepted; a larger one gets 413. Default: 1MiB with `retry`, which has to hold the body; otherwise no limit, because the body is streamed.',
      ),
    maxAnswer: heldOptions.maxAnswer,
  })
  .describe('Sends one attempt to a balanced target, streamed both ways. WebSocket upgrades pass through.')
