/** A gateway that broadcasts, in a process of its own: `broadcast-gateway.ts PORT STORE TARGET...`; STORE is `memory` or a file. */
import { configSchema } from '../../src/config/schema.ts'
import { startGateway } from '../../src/gateway/gateway.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { systemRandom } from '../../src/kit/random.ts'
import { memoryStore } from '../../src/store/memory-store.ts'

const [port, store = 'memory', ...targets] = process.argv.slice(2)
const config = configSchema.parse({
  listen: { port: Number(port) },
  store: { path: store, maxUndelivered: '1GiB' },
  upstreams: { accounts: { targets } },
  routes: [{ match: 'POST /register', broadcast: { upstream: 'accounts' } }],
})
const gateway = await startGateway(config, {
  clock: systemClock(),
  random: systemRandom,
  log: (text) => console.error(text),
  logFault: (fault) => console.error(fault),
  ...(store === 'memory' ? { store: memoryStore({ limits: { maxUndeliveredBytes: 2 ** 30 } }) } : {}),
})
process.on('SIGTERM', () => {
  void gateway.close().then(() => process.exit(0))
})
