import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const started: ChildProcess[] = []

/** Starts a program; it is ended with this one. */
export function start(command: string, args: readonly string[]): ChildProcess {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  started.push(child)
  return child
}

/** Starts a program that runs on one core only. */
export function startPinned(core: number, command: string, args: readonly string[]): ChildProcess {
  return start('taskset', ['-c', String(core), command, ...args])
}

export async function stopAll(): Promise<void> {
  for (const child of started) child.kill('SIGTERM')
  await sleep(300)
  for (const child of started) if (child.exitCode === null) child.kill('SIGKILL')
}

/** Resolves when something listens on the port. */
export async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (await canConnect(port)) return
    await sleep(100)
  }
  throw new Error(`nothing listens on port ${port} after 10 s`)
}

export function requireProgram(name: string, debianPackage: string): void {
  if (spawnSync('which', [name]).status === 0) return
  console.error(`This benchmark needs ${name}: apt-get install ${debianPackage}`)
  process.exit(1)
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
