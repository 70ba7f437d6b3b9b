import { parentPort, workerData } from 'node:worker_threads'
import type { Inspector } from '../../admin/inspector.ts'
import { scopesOf } from '../../config/derived/memory-scopes.ts'
import { telemetryConfig } from '../../config/derived/telemetry-config.ts'
import { systemClock } from '../../kit/clock.ts'
import { EventBus } from '../../kit/event-bus.ts'
import { systemRandom } from '../../kit/random.ts'
import { prepareAll } from '../../kit/reload.ts'
import { expose, notifier, RpcChannel, remote } from '../../kit/rpc.ts'
import type { Runtime } from '../../kit/runtime.ts'
import { type Regions, SharedMemory } from '../../kit/shared-memory.ts'
import { LogLines } from '../../telemetry/access-log/log-lines.ts'
import { ThreadTelemetry } from '../../telemetry/thread-telemetry.ts'
import { ownAcceptor } from '../../transport/server/acceptor.ts'
import type { Pages } from '../pages.ts'
import { Server } from '../server.ts'
import { MainThreadClient } from './main-client.ts'
import { PeerClient } from './peer-client.ts'
import type { MainMethods, WorkerMethods, WorkerSetup, WorkerSlot, WorkerState } from './protocol.ts'

/** A worker's program: one server, controlled by the main thread. */

if (parentPort === null) throw new Error('a worker is started by the main thread')
const memory = new SharedMemory(workerData as WorkerSlot)
let telemetry: ThreadTelemetry | undefined
let server: Server | undefined
/** A change that is neither committed nor rolled back yet. */
let prepared: Awaited<ReturnType<typeof prepare>> | undefined
let retired: Promise<void> | undefined

const methods: WorkerMethods = {
  start: async (setup) => stateAfter(await start(setup)),
  prepare: async (setup) => {
    prepared = await prepare(setup)
    return prepared.value
  },
  commit: () => {
    const change = prepared
    if (change === undefined) throw new Error('nothing is prepared')
    prepared = undefined
    change.commit()
    retired = change.retired()
    return stateAfter(there())
  },
  rollback: async () => {
    const change = prepared
    prepared = undefined
    await change?.rollback()
  },
  retired: async () => {
    await retired
  },
  keys: (keys) => mainThread.learnKeys(keys),
  join: (run, port) => peers.join(run, port),
  drain: async () => {
    await there().drain()
    lines.flush()
  },
  retire: async () => {
    await there().retire()
    lines.flush()
  },
  close: async () => {
    await server?.close()
    await telemetry?.close()
    lines.flush()
  },
  ping: () => {},
}

const channel = new RpcChannel(parentPort, reportBug)
expose<WorkerMethods>(channel, 'worker', methods)
const main = remote<MainMethods>(channel, 'main')
const mainNotes = notifier<MainMethods>(channel, 'main')
const mainThread = new MainThreadClient(channel)
const pages = remote<Pages>(channel, 'pages')
const peers = new PeerClient({ connect: main.connect, receiver: () => there().callbackReceiver, reportBug })
const runtime: Runtime = {
  clock: systemClock(),
  random: systemRandom,
  memory,
  events: new EventBus(reportBug),
  log: (text, level = 'info') => mainNotes.log(text, level),
  reportBug,
}
const lines = new LogLines(main.lines, runtime.clock)

// A bug in one call must not end the others.
process.on('uncaughtException', (error) => reportBug(error, 'uncaught exception'))

function prepare({ config, regions, block, callbacks }: WorkerSetup) {
  return prepareAll<Regions>(async (join) => {
    if (telemetry === undefined) throw new Error('the worker has not started yet')
    await join(memory.prepare({ scopes: scopesOf(config), regions }))
    const { traces } = await join(telemetry.prepare({ telemetry: telemetryConfig(config), block }))
    await join(there().prepare({ config, callbacks: mainThread.callbacks(callbacks), traces }))
    return memory.regions()
  }, reportBug)
}

async function start(setup: WorkerSetup): Promise<Server> {
  const { config, regions, block, callbacks, port } = setup
  memory.learn(regions)
  telemetry = await ThreadTelemetry.start(
    runtime,
    { logLine: (text) => lines.write(text), logDropped: () => lines.dropped },
    { telemetry: telemetryConfig(config), block },
  )
  const { traces } = telemetry
  const acceptor = ownAcceptor({ isShared: true, port })
  server = await Server.start(
    runtime,
    { mainThread, telemetry, pages, acceptor, peers },
    { config, callbacks: mainThread.callbacks(callbacks), traces },
  )
  expose<Inspector>(channel, 'inspector', server.view)
  return server
}

function stateAfter({ address, run }: Server): WorkerState {
  return { address, run, regions: memory.regions() }
}

function there(): Server {
  if (server === undefined) throw new Error('the worker has not started yet')
  return server
}

function reportBug(error: unknown, about: string): void {
  mainNotes.error(error instanceof Error ? (error.stack ?? error.message) : String(error), about)
}
