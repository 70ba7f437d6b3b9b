import { z } from 'zod'
import { duration } from '../../kit/schema.ts'

export const dnsOptions = z
  .strictObject({
    every: duration({ min: 1000 })
      .prefault('30s')
      .describe(
        "How old the addresses of a target's name may be; then the name is resolved again, with the next call that needs it. Node tells no time to live. The DNS of Kubernetes (CoreDNS) keeps answers as long.",
      ),
  })
  .prefault({})
  .describe(
    'All addresses of a name are used, in turn; where one does not answer the next is tried. Connections to addresses that are gone are not used again, and a name that stops resolving keeps its last addresses.',
  )
