import { parentPort, workerData } from 'node:worker_threads'
import type { Call } from '../../core/call.ts'
import { failed, type Outcome } from '../../core/outcome.ts'
import type { GatewayRequest } from '../../core/request.ts'
import { systemClock } from '../../kit/clock.ts'
import { EventBus } from '../../kit/event-bus.ts'
import { systemRandom } from '../../kit/random.ts'
import { Line } from '../../kit/rpc.ts'
import { SharedMemory } from '../../kit/shared-memory.ts'
import { type Entrance, ownEntrance } from '../acceptor.ts'
import { DataPlane } from '../server.ts'
import { type Observed, Observing } from '../telemetry/thread-telemetry.ts'
import { bytesOf, plainCall } from './call-message.ts'
import { handedEntrance } from './handed-acceptor.ts'
import { LogLines } from './log-forwarder.ts'
import { RemoteCentral } from './main-client.ts'
import type { EntranceSetup, MainMethods, WorkerMethods, WorkerPlace, WorkerSetup, WorkerState } from './protocol.ts'
import { adopted, askThere, ServiceHost } from './remote-service.ts'

/** The program of a worker: one data plane, told by the main thread what to do. */

if (parentPort === null) throw new Error('a worker is started by the main thread')
const place = workerData as WorkerPlace
const clock = systemClock()
const random = systemRandom
const memory = new SharedMemory(place)
let observing: Observing | undefined
let plane: DataPlane | undefined
/** What it was told last and could do. */
let last: WorkerSetup | undefined

const methods: WorkerMethods = {
  start: async (setup) => stateAfter(await start(setup)),
  reload: async (setup) => {
    memory.learn(setup.regions)
    central.learn(setup.callbacks)
    const before = last
    const observed = await observe(setup)
    try {
      await there().reload(setup.config)
    } catch (fault) {
      central.learn(before?.callbacks)
      if (before !== undefined) await observed.undo(before.block)
      last = before
      throw fault
    }
    there()
      .settled()
      .then(() => observed.settle())
      .catch((fault: unknown) => logFault(fault, 'a reload'))
    return stateAfter(there())
  },
  settled: () => there().settled(),
  keys: (keys) => central.learnKeys(keys),
  view: (name, args) => (there().view[name] as (...given: readonly unknown[]) => unknown)(...args),
  serve: (...call) => host.serve(...call),
  abortCall: (number, reason) => host.abortCall(number, reason),
  drain: async () => {
    await there().drain()
    lines.flush()
  },
  retire: async () => {
    await there().retire()
    lines.flush()
  },
  close: async () => {
    await plane?.close()
    await observing?.close()
    lines.flush()
  },
  ping: () => {},
}

const line = new Line<WorkerMethods, MainMethods>(parentPort, methods, logFault)
const central = new RemoteCentral(line)
const lines = new LogLines((text) => line.ask('lines', [text]), clock)
const events = new EventBus(logFault)
const host = new ServiceHost({ find: (name) => there().receiver(name), clock, events })

// A fault in one call must not end the others.
process.on('uncaughtException', (fault) => logFault(fault, 'a fault that nothing caught'))

async function observe(setup: WorkerSetup): Promise<Observed> {
  if (observing === undefined) throw new Error('the worker has not started yet')
  const observed = await observing.reload(setup.config, setup.block)
  last = setup
  return observed
}

async function start(setup: WorkerSetup): Promise<DataPlane> {
  const { config, regions, block, callbacks, entrance } = setup
  last = setup
  memory.learn(regions)
  central.learn(callbacks)
  const log = (text: string, level: 'info' | 'warn' = 'info'): void => line.tell('log', text, level)
  observing = await Observing.start(config, {
    clock,
    random,
    events,
    block,
    log,
    logLine: (text) => lines.write(text),
    logDropped: () => lines.dropped,
    logFault,
  })
  plane = await DataPlane.start(config, {
    clock,
    random,
    memory,
    events,
    central,
    observing,
    entrance: entranceOf(entrance),
    elsewhere,
    log,
    logFault,
  })
  return plane
}

function entranceOf(entrance: EntranceSetup): Entrance {
  return entrance.kind === 'own' ? ownEntrance({ isShared: true, port: entrance.port }) : handedEntrance(entrance)
}

function stateAfter({ address, run }: DataPlane): WorkerState {
  return { address, run, regions: memory.regions() }
}

function there(): DataPlane {
  if (plane === undefined) throw new Error('the worker has not started yet')
  return plane
}

/** A callback for a call that waits in another worker; of none that is there, it is as one of an earlier run. */
async function elsewhere(run: number, request: GatewayRequest, call: Call): Promise<Outcome | undefined> {
  // That worker may hang.
  const { promise: given, resolve: giveUp } = Promise.withResolvers<Outcome>()
  const end = askThere(request, call, {
    ask: (number, plain) => {
      const forwarded = { number, service: call.route.name, request: plain, call: plainCall(call) }
      return line.ask('elsewhere', [run, forwarded], bytesOf(plain))
    },
    abort: (number, reason) => {
      line.tell('abortCall', number, reason)
      giveUp(failed(reason))
    },
  })
  return Promise.race([end.then((plain) => plain && adopted(plain, call)), given])
}

function logFault(fault: unknown, about: string): void {
  line.tell('fault', fault instanceof Error ? (fault.stack ?? fault.message) : String(fault), about)
}
