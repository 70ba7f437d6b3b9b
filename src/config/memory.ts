import { z } from 'zod'
import { size } from '../kit/schema.ts'

export const memoryOptions = z
  .strictObject({
    held: size()
      .optional()
      .describe(
        "Requests and answers that are held in memory for calls, altogether, in all workers: what `all`, `quorum`, `success.json` and callbacks hold until their clients have taken it, and bodies that may be sent twice. A request that cannot be held gets 503 `OVERLOADED`; an answer that cannot ends its attempt, which is not held against its target. Default: a quarter of the machine's memory, or of what the container may use: bodies are there twice while they are put together, and are freed some time after their end.",
      ),
  })
  .describe('What the gateway may hold in memory.')
