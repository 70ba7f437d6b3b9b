import { Session } from 'node:inspector'
import { Socket } from 'node:net'
import { BroadcastChannel, isMainThread, MessagePort, threadId, Worker } from 'node:worker_threads'
import type { TraceCommand, TraceEvent, TracePlan } from './protocol.ts'

/**
 * Loaded into each thread of a gateway (`--import`): notes which files were called, and by which, at three points: a
 * message to another thread, a write to a target, and the entry of the functions that the plan names.
 */
const plan = JSON.parse(process.env['HOUSE_TRACE'] ?? '') as TracePlan
Error.stackTraceLimit = 500

const session = new Session()
session.connect()
/** Files with a function that was called since the last reset. */
const called = new Set<string>()
let events: TraceEvent[] = []

function fileOf(url: string): string | undefined {
  const start = `file://${plan.root}/`
  return url.startsWith(`${start}src/`) ? url.slice(start.length).replace(/[:?].*$/, '') : undefined
}

function readCoverage(): void {
  session.post('Profiler.takePreciseCoverage', (_fault, answer) => {
    for (const { url, functions } of answer?.result ?? []) {
      const file = fileOf(url)
      if (file !== undefined && functions.some(({ ranges: [whole] }) => (whole?.count ?? 0) > 0)) called.add(file)
    }
  })
}

function stackFiles(): readonly string[] {
  const files = (new Error('trace').stack ?? '').matchAll(/file:\/\/[^\s():]+/g)
  return [...new Set([...files].flatMap(([url]) => fileOf(url) ?? []))].filter((file) => !file.startsWith('tools/'))
}

function note(kind: TraceEvent['kind']): void {
  readCoverage()
  const stack = stackFiles()
  // The tracer's own messages are not the gateway's.
  if (kind === 'message' && stack.length === 0) return
  events.push({ kind, thread: threadId, at: Number(process.hrtime.bigint()), called: [...called], stack })
}

session.post('Profiler.enable')
session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
session.post('Debugger.enable')
for (const { file, line } of plan.entries) {
  // A condition that is never true runs in the function, and does not stop the thread.
  const condition = "globalThis.houseTrace('entry')"
  session.post('Debugger.setBreakpointByUrl', { url: `file://${plan.root}/${file}`, lineNumber: line, condition })
}
Object.assign(globalThis, {
  houseTrace: (kind: TraceEvent['kind']) => {
    note(kind)
    return false
  },
})

/** A worker's end of the channel calls that of a port. */
let isPosting = false
for (const { prototype } of [MessagePort, Worker]) {
  const post = prototype.postMessage
  prototype.postMessage = function posted(this: MessagePort & Worker, ...args: unknown[]) {
    if (isPosting) return void Reflect.apply(post, this, args)
    isPosting = true
    try {
      note('message')
      Reflect.apply(post, this, args)
    } finally {
      isPosting = false
    }
  }
}

// oxlint-disable-next-line typescript/unbound-method -- called with the socket below
const write = Socket.prototype.write
Socket.prototype.write = function written(this: Socket, ...args: unknown[]) {
  if (this.remotePort === plan.targetPort) note('write')
  return Reflect.apply(write, this, args) as boolean
}

const threads = new BroadcastChannel('house-trace')
threads.unref()
/** The store's thread serves no calls. */
const isTraced = !(process.argv[1] ?? '').includes('/store/')

function obey(command: TraceCommand): void {
  if (command === 'reset') {
    readCoverage()
    called.clear()
    events = []
  }
  note('end')
  const noted = events
  events = []
  if (isMainThread) for (const event of noted) process.send?.(event)
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel between threads, not a window
  else threads.postMessage(noted)
}

threads.addEventListener('message', (message) => {
  if (!isTraced) return
  const { data } = message as unknown as { readonly data: TraceCommand | readonly TraceEvent[] }
  if (typeof data === 'string') obey(data)
  else if (isMainThread) for (const event of data) process.send?.(event)
})

if (isMainThread) {
  process.on('message', (command: TraceCommand) => {
    obey(command)
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel between threads, not a window
    threads.postMessage(command)
  })
  process.channel?.unref()
}
