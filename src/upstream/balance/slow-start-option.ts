import { duration, offIs, synonyms } from '../../kit/schema.ts'

export const slowStartOption = duration()
  .register(synonyms, offIs('0ms'))
  .prefault('0ms')
  .describe(
    "How long a new or returning target takes to reach its full share; it starts at a tenth (Envoy's slow start, with its defaults). 0ms: full share at once.",
  )
