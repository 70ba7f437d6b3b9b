/**
 * A gateway that broadcasts, in its own process: `broadcast-gateway.ts PORT STORE TARGET...`; STORE is `memory` or a
 * file. Prints the store's statistics when it ends.
 */
import { configSchema } from '../../src/config/schema.ts'
import { startGateway } from '../../src/gateway/gateway.ts'
import { systemClock } from '../../src/kit/clock.ts'
import { systemRandom } from '../../src/kit/random.ts'
import { memoryStore } from '../../src/store/memory-store.ts'
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts'

const [port, path = 'memory', ...targets] = process.argv.slice(2)
const clock = systemClock()
const limits = { maxUndeliveredBytes: 2 ** 30 }
const store = path === 'memory' ? memoryStore({ limits }) : await openFile(path)
const config = configSchema.parse({
  listen: { port: Number(port) },
  upstreams: { accounts: { targets } },
  routes: [{ match: 'POST /register', broadcast: { upstream: 'accounts' } }],
})
const reportBug = (fault: unknown): void => console.error(fault)
const gateway = await startGateway(config, { clock, random: systemRandom, reportBug, store })
const startedMs = clock.now()
process.on('SIGTERM', () => void end())

async function end(): Promise<void> {
  const read = await store.figures()
  if (read.ok && read.value.syncs > 0) {
    const figures = read.value
    const perSecond = Math.round(figures.syncs / ((clock.now() - startedMs) / 1000))
    console.error(
      `${path}: ${figures.syncs} syncs (${perSecond}/s over its life), ${(figures.writes / figures.syncs).toFixed(1)} writes a sync`,
    )
  }
  await gateway.close()
  process.exit(0)
}

async function openFile(file: string) {
  const opened = await openSqliteStore({ path: file, clock, limits, log: (text) => console.error(text) })
  if (!opened.ok) throw new Error(opened.problem)
  return opened.store
}
