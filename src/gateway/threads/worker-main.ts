import { parentPort, workerData } from 'node:worker_threads'
import type { Call } from '../../core/call.ts'
import { failed, type Outcome } from '../../core/outcome.ts'
import type { GatewayRequest } from '../../core/request.ts'
import { systemClock } from '../../kit/clock.ts'
import { EventBus } from '../../kit/event-bus.ts'
import { systemRandom } from '../../kit/random.ts'
import { prepareAll } from '../../kit/reload.ts'
import { RpcChannel } from '../../kit/rpc.ts'
import { type Regions, SharedMemory } from '../../kit/shared-memory.ts'
import { type Acceptor, ownAcceptor } from '../acceptor.ts'
import { scopesOf } from '../memory-scopes.ts'
import { Server } from '../server.ts'
import { ThreadTelemetry } from '../telemetry/thread-telemetry.ts'
import { bytesOf, plainCall } from './call-message.ts'
import { handedAcceptor } from './handed-acceptor.ts'
import { LogLines } from './log-forwarder.ts'
import { MainThreadClient } from './main-client.ts'
import type { AcceptorSetup, MainMethods, WorkerMethods, WorkerPlace, WorkerSetup, WorkerState } from './protocol.ts'
import { adopted, askThere, ServiceHost } from './remote-service.ts'

/** A worker's program: one server, controlled by the main thread. */

if (parentPort === null) throw new Error('a worker is started by the main thread')
const place = workerData as WorkerPlace
const clock = systemClock()
const random = systemRandom
const memory = new SharedMemory(place)
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
    await server?.close()
    await telemetry?.close()
    lines.flush()
  },
  ping: () => {},
}

const channel = new RpcChannel<WorkerMethods, MainMethods>(parentPort, methods, reportBug)
const mainThread = new MainThreadClient(channel)
const lines = new LogLines((text) => channel.call('lines', [text]), clock)
const events = new EventBus(reportBug)
const host = new ServiceHost({ find: (name) => there().receiver(name), clock, events })

// A bug in one call must not end the others.
process.on('uncaughtException', (fault) => reportBug(fault, 'uncaught exception'))

function prepare({ config, regions, block, callbacks }: WorkerSetup) {
  return prepareAll<Regions>(async (join) => {
    if (telemetry === undefined) throw new Error('the worker has not started yet')
    await join(memory.prepare({ scopes: scopesOf(config), regions }))
    const { traces } = await join(telemetry.prepare({ config, block }))
    await join(there().prepare({ config, callbacks: mainThread.callbacks(callbacks), traces }))
    return memory.regions()
  }, reportBug)
}

async function start(setup: WorkerSetup): Promise<Server> {
  const { config, regions, block, callbacks, acceptor } = setup
  memory.learn(regions)
  const log = (text: string, level: 'info' | 'warn' = 'info'): void => channel.notify('log', text, level)
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
  const { traces } = telemetry
  server = await Server.start(
    { config, callbacks: mainThread.callbacks(callbacks), traces },
    {
      clock,
      random,
      memory,
      events,
      mainThread,
      telemetry,
      acceptor: acceptorOf(acceptor),
      elsewhere,
      log,
      reportBug,
    },
  )
  return server
}

function acceptorOf(acceptor: AcceptorSetup): Acceptor {
  return acceptor.kind === 'own' ? ownAcceptor({ isShared: true, port: acceptor.port }) : handedAcceptor(acceptor)
}

function stateAfter({ address, run }: Server): WorkerState {
  return { address, run, regions: memory.regions() }
}

function there(): Server {
  if (server === undefined) throw new Error('the worker has not started yet')
  return server
}

/** A callback for a call that waits in another worker; if no such worker exists, treated like one of an earlier run. */
async function elsewhere(run: number, request: GatewayRequest, call: Call): Promise<Outcome | undefined> {
  // That worker may hang.
  const { promise: given, resolve: giveUp } = Promise.withResolvers<Outcome>()
  const end = askThere(request, call, {
    ask: (number, plain) => {
      const forwarded = { number, service: call.route.name, request: plain, call: plainCall(call) }
      return channel.call('elsewhere', [run, forwarded], bytesOf(plain))
    },
    abort: (number, reason) => {
      channel.notify('abortCall', number, reason)
      giveUp(failed(reason))
    },
  })
  return Promise.race([end.then((plain) => plain && adopted(plain, call)), given])
}

function reportBug(fault: unknown, about: string): void {
  channel.notify('fault', fault instanceof Error ? (fault.stack ?? fault.message) : String(fault), about)
}
