import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'

/** Servers are often in folders outside the PATH. */
process.env['PATH'] = `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`

export interface StartOptions {
  readonly env?: NodeJS.ProcessEnv
  /** File for its output; by default errors are shown and the rest is dropped. */
  readonly logFile?: string
}

export interface Program {
  readonly name: string
  readonly debianPackage: string
}

const started = new Set<ChildProcess>()

/** Starts a program; it ends with this process. */
export function start(command: string, args: readonly string[], options: StartOptions = {}): ChildProcess {
  const log = options.logFile === undefined ? undefined : openSync(options.logFile, 'a')
  const child = spawn(command, args, {
    stdio: ['ignore', log ?? 'ignore', log ?? 'inherit'],
    env: { ...process.env, ...options.env },
  })
  return endWithThis(child)
}

/** Runs a program to its end and returns its output. */
export async function outputOf(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  endWithThis(child)
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')])
  return output
}

/** Starts a program pinned to these cores: `0`, or `0,1`. */
export function startPinned(
  cores: number | string,
  command: string,
  args: readonly string[],
  options?: StartOptions,
): ChildProcess {
  return start('taskset', ['-c', String(cores), command, ...args], options)
}

/** Ends a program and waits for its exit. */
export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const patience = new AbortController()
  const killing = sleep(2000, undefined, { signal: patience.signal }).then(
    () => child.kill('SIGKILL'),
    () => false,
  )
  await ended
  patience.abort()
  await killing
}

export async function stopAll(): Promise<void> {
  await Promise.all(Array.from(started, stop))
}

/** Resolves when something listens on the port; on a busy machine that may take longer than 10 s. */
export async function listening(port: number, signal?: AbortSignal, patienceSeconds = 10): Promise<void> {
  for (let tries = 0; tries < patienceSeconds * 10; tries++) {
    if (await canConnect(port)) return
    signal?.throwIfAborted()
    await sleep(100)
  }
  throw new Error(`nothing listens on port ${port} after ${patienceSeconds} s`)
}

/** A port on which nothing listens now. */
export async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

export function hasProgram(name: string): boolean {
  return spawnSync('which', [name]).status === 0
}

export function requireProgram(name: string, debianPackage: string): void {
  if (hasProgram(name)) return
  console.error(`This benchmark needs ${name}: apt-get install ${debianPackage}`)
  process.exit(1)
}

function endWithThis(child: ChildProcess): ChildProcess {
  started.add(child)
  child.once('exit', () => started.delete(child))
  return child
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
