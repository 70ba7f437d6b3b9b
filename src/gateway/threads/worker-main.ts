import { parentPort, workerData } from 'node:worker_threads'
import type { Inspector } from '../../admin/inspector.ts'
import { systemClock } from '../../kit/clock.ts'
import { EventBus } from '../../kit/event-bus.ts'
import { systemRandom } from '../../kit/random.ts'
import { expose, notifier, RpcChannel, remote } from '../../kit/rpc.ts'
import { SharedMemory } from '../../kit/shared-memory.ts'
import { ownAcceptor } from '../acceptor.ts'
import type { Pages } from '../pages.ts'
import { Server } from '../server.ts'
import { type Observed, ThreadTelemetry } from '../telemetry/thread-telemetry.ts'
import { LogLines } from './log-forwarder.ts'
import { MainThreadClient } from './main-client.ts'
import { PeerClient } from './peer-client.ts'
import type { MainMethods, WorkerMethods, WorkerSetup, WorkerSlot, WorkerState } from './protocol.ts'

/** A worker's program: one server, controlled by the main thread. */

if (parentPort === null) throw new Error('a worker is started by the main thread')
const clock = systemClock()
const random = systemRandom
const memory = new SharedMemory(workerData as WorkerSlot)
let telemetry: ThreadTelemetry | undefined
let server: Server | undefined
/** The last setup that was put in force. */
let last: WorkerSetup | undefined

const methods: WorkerMethods = {
  start: async (setup) => stateAfter(await start(setup)),
  reload: async (setup) => {
    memory.learn(setup.regions)
    mainThread.learn(setup.callbacks)
    const before = last
    const observed = await observe(setup)
    try {
      await there().reload(setup.config)
    } catch (fault) {
      mainThread.learn(before?.callbacks)
      if (before !== undefined) await observed.undo(before.block)
      last = before
      throw fault
    }
    there()
      .settled()
      .then(() => observed.settle())
      .catch((fault: unknown) => reportBug(fault, 'the reload'))
    return stateAfter(there())
  },
  settled: () => there().settled(),
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
const lines = new LogLines(main.lines, clock)
const events = new EventBus(reportBug)

// A bug in one call must not end the others.
process.on('uncaughtException', (fault) => reportBug(fault, 'uncaught exception'))

async function observe(setup: WorkerSetup): Promise<Observed> {
  if (telemetry === undefined) throw new Error('the worker has not started yet')
  const observed = await telemetry.reload(setup.config, setup.block)
  last = setup
  return observed
}

async function start(setup: WorkerSetup): Promise<Server> {
  const { config, regions, block, callbacks, port } = setup
  last = setup
  memory.learn(regions)
  mainThread.learn(callbacks)
  const log = (text: string, level: 'info' | 'warn' = 'info'): void => mainNotes.log(text, level)
  telemetry = await ThreadTelemetry.start(config, {
    clock,
    random,
    events,
    block,
    log,
    logLine: (text) => lines.write(text),
    logDropped: () => lines.dropped,
    reportBug,
  })
  server = await Server.start(config, {
    clock,
    random,
    memory,
    events,
    mainThread,
    telemetry,
    pages,
    acceptor: ownAcceptor({ isShared: true, port }),
    peers,
    log,
    reportBug,
  })
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

function reportBug(fault: unknown, about: string): void {
  mainNotes.fault(fault instanceof Error ? (fault.stack ?? fault.message) : String(fault), about)
}
