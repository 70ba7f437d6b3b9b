import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

export const root = join(import.meta.dirname, '../..')

export interface Finished {
  readonly code: number | null
  readonly output: string
  readonly errors: string
}

export interface Running {
  readonly process: ChildProcess
  readonly output: () => string
  readonly errors: () => string
  readonly ended: Promise<Finished>
  /** Resolves once the text has been printed to stdout or stderr. */
  printed(text: string | RegExp): Promise<void>
}

/** Starts `bin/hedgerow`; kills it at the end of the test if it is still running. */
export function startCommand(t: TestContext, args: readonly string[], env: Record<string, string> = {}): Running {
  return startProgram(t, join(root, 'bin/hedgerow'), args, env)
}

export function startProgram(
  t: TestContext,
  program: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Running {
  const child = spawn(program, args, {
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let errors = ''
  const waiting = new Set<() => void>()
  const check = (): void => {
    for (const one of waiting) one()
  }
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
    check()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
    check()
  })
  const ended = new Promise<Finished>((resolve) => {
    child.on('close', (code) => resolve({ code, output, errors }))
  })
  t.after(async () => {
    if (child.exitCode === null) child.kill('SIGKILL')
    await ended
  })
  const printed = (text: string | RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const all = output + errors
        if (typeof text === 'string' ? !all.includes(text) : !text.test(all)) return
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
      void ended.then(() => reject(new Error(`ended without printing ${String(text)}:\n${output}\n${errors}`)))
      look()
    })
  return { process: child, output: () => output, errors: () => errors, ended, printed }
}

export function runCommand(
  t: TestContext,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Finished> {
  return startCommand(t, args, env).ended
}
