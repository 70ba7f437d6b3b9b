import { setTimeout as after } from 'node:timers/promises'
import { type Row, row } from '../row.ts'
import type { Parsed } from '../sources.ts'
import { acceptEntry, waiterEndEntry } from './entries.ts'
import type { TraceEvent } from './protocol.ts'
import { type Backend, openBackend, send } from './requests.ts'
import { TracedGateway } from './traced-gateway.ts'

const rounds = 5
/** With two workers: these and the main thread. */
const threads = 3
/** Connections go to a worker by chance: enough tries for the callback to reach the other one. */
const maxTries = 60
const quietMs = 300

type Trace = readonly TraceEvent[]

/** The rows that only a running gateway shows. `root`: the checkout with these sources. */
export async function traceRows(root: string, sources: readonly Parsed[]): Promise<readonly Row[]> {
  const backend = await openBackend()
  try {
    const { forward, usual } = await forwardRow(root, backend)
    return [forward, ...(await workerRows(root, sources, backend, usual))]
  } finally {
    backend.close()
  }
}

/** The stack when a request is written to an open connection: one stack from accept to the wire, without a promise. */
async function forwardRow(root: string, backend: Backend): Promise<{ forward: Row; usual: ReadonlySet<string> }> {
  const config = { upstreams: upstreamsOf(backend), routes: [{ match: '/*', forward: { upstream: 'one' } }] }
  const gateway = await TracedGateway.start(config, 1, { root, targetPort: backend.port, entries: [] })
  try {
    const get = (): Promise<string> => send(gateway.port, 'GET', '/')
    await get()
    const gets = await repeat(() => gateway.trace(get))
    const posts = await repeat(() => gateway.trace(() => send(gateway.port, 'POST', '/')))
    const written = gets.flat().find(({ kind }) => kind === 'write')
    if (written === undefined) throw new Error('the request was not written to the target')
    return {
      forward: row('forward: files on the stack from accept to wire', written.stack, 10),
      usual: new Set([...gets, ...posts].flat().flatMap(({ called }) => called)),
    }
  } finally {
    await gateway.close()
  }
}

/** `usual`: files that a forwarded call passes; they are not counted again. */
async function workerRows(
  root: string,
  sources: readonly Parsed[],
  backend: Backend,
  usual: ReadonlySet<string>,
): Promise<readonly Row[]> {
  const config = {
    workers: 2,
    store: { path: './store.db' },
    upstreams: upstreamsOf(backend),
    routes: [
      { match: 'POST /write', broadcast: { upstream: 'one' } },
      { match: 'GET /wait', deadline: '20s', callback: { upstream: 'one' } },
    ],
  }
  const entries = [acceptEntry(sources), waiterEndEntry(sources)]
  const gateway = await TracedGateway.start(config, threads, { root, targetPort: backend.port, entries })
  try {
    const write = (): Promise<string> => send(gateway.port, 'POST', '/write')
    // Modules are loaded and connections opened before the traces.
    for (let call = 0; call < 10; call++) await write()
    await callbackAtOther(gateway, backend)
    // Threads also send pings, and reports of the pauses that the tracer causes.
    const quiet = (await repeat(() => gateway.trace(() => after(quietMs)))).flat().flatMap(({ called }) => called)
    const counted = (traces: readonly Trace[]): readonly string[] =>
      filesInMost(traces.map((trace) => filesToEntry(trace, new Set(quiet)))).filter((file) => !usual.has(file))
    const writes = await repeat(() => gateway.trace(write))
    const callbacks = await repeat(() => callbackAtOther(gateway, backend))
    const messages = callbacks.map(messagesOf).reduce((least, found) => (found.length < least.length ? found : least))
    return [
      row('broadcast with two workers: files to `accept`', counted(writes), 8),
      row('callback at the other worker: files', counted(callbacks), 8),
      row(
        'callback at the other worker: messages',
        messages.map(({ thread, stack }) => `from thread ${thread} by ${stack[0]}`),
        2,
      ),
    ]
  } finally {
    await gateway.close()
  }
}

async function callbackAtOther(gateway: TracedGateway, backend: Backend): Promise<Trace> {
  for (let tries = 0; tries < maxTries; tries++) {
    const answered = send(gateway.port, 'GET', '/wait')
    const { pathname, search } = await backend.nextCallbackUrl()
    const trace = await gateway.trace(async () => {
      await send(gateway.port, 'POST', pathname + search)
      await answered
    })
    const entry = trace.find(({ kind }) => kind === 'entry')
    if (entry === undefined) throw new Error('the callback reached no waiting client')
    if (trace.some(({ thread, called }) => thread !== entry.thread && called.some(isFront))) return trace
  }
  throw new Error('every callback reached the worker with the client')
}

function isFront(file: string): boolean {
  return file.startsWith('src/transport/server/')
}

/**
 * Files that the request passes before the entry: those on the stack when it leaves a thread and at the entry, and
 * others with a function that it called. Of `core` and `kit`, which everything calls, only those on the stack count.
 */
function filesToEntry(trace: Trace, quiet: ReadonlySet<string>): readonly string[] {
  return crossingsOf(trace).flatMap(({ stack, called }) =>
    stack.concat(called.filter((file) => !quiet.has(file) && !/^src\/(?:core|kit)\//.test(file))),
  )
}

/** In each thread that the request passes, the moment at which it leaves the thread, or is at the entry. */
function crossingsOf(trace: Trace): readonly TraceEvent[] {
  const end = trace.findIndex(({ kind }) => kind === 'entry')
  const entry = trace[end]
  if (entry === undefined) throw new Error('the function was not entered')
  const crossings = new Map([[entry.thread, entry]])
  for (const event of trace.slice(0, end)) {
    const { thread, kind, stack, called } = event
    if (kind !== 'message' || thread === entry.thread || !(thread === 0 || called.some(isFront))) continue
    // The message with the longest stack carries the request; the others are pings and reports.
    if (stack.length >= (crossings.get(thread)?.stack.length ?? 0)) crossings.set(thread, event)
  }
  return [...crossings.values()]
}

/** Messages from the one that takes the request to the other thread on. */
function messagesOf(trace: Trace): readonly TraceEvent[] {
  const first = Math.min(...crossingsOf(trace).map(({ at }) => at))
  return trace.filter(({ kind, at }) => kind === 'message' && at >= first)
}

/** Work that timers did by chance is in few of them. */
function filesInMost(all: readonly (readonly string[])[]): readonly string[] {
  const counts = new Map<string, number>()
  for (const files of all) for (const file of new Set(files)) counts.set(file, (counts.get(file) ?? 0) + 1)
  return [...counts].filter(([, count]) => count * 2 > all.length).map(([file]) => file)
}

async function repeat<Value>(work: () => Promise<Value>): Promise<readonly Value[]> {
  const values: Value[] = []
  for (let round = 0; round < rounds; round++) values.push(await work())
  return values
}

function upstreamsOf({ port }: Backend): Readonly<Record<string, unknown>> {
  return { one: { targets: [`http://127.0.0.1:${port}`] } }
}
