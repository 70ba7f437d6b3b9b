import { z } from 'zod'
import { size } from '../kit/schema.ts'

export const memoryOptions = z
  .strictObject({
    held: size()
      .optional()
      .describe(
        "Requests and answers held in memory for calls, in total over all workers: those that `all`, `quorum`, `success.json` and callbacks hold until their clients have read them, and bodies that may be sent twice. A request that cannot be held gets 503 `OVERLOADED`; an answer that cannot be held ends its attempt, which does not count against its target. Default: a quarter of the memory of the machine, or of the container's limit: bodies exist twice while they are assembled, and are freed some time after they end.",
      ),
  })
  .describe('Limits on what the gateway holds in memory.')
