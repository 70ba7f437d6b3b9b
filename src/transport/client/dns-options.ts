import { z } from 'zod'
import { duration } from '../../kit/schema.ts'

export const dnsOptions = z
  .strictObject({
    every: duration({ min: 1000 })
      .prefault('30s')
      .describe(
        "How old the addresses of a target's name may be; after that, the next call that needs the name has it resolved again. Node does not report a TTL. The default is how long the DNS of Kubernetes (CoreDNS) caches answers.",
      ),
  })
  .prefault({})
  .describe(
    'All addresses of a name are used in turn; if one does not answer, the next is tried. Connections to removed addresses are not reused. A name that stops resolving keeps its last addresses.',
  )
