import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { cleanup } from './place.ts'

/** A child process that writes to a store. */
export interface Child {
  readonly process: ChildProcess
  readonly opened: Promise<void>
  /** All changes that it has reported; available once it has ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly lines: readonly string[]; readonly errors: string }>
}

export function startChild(t: TestContext, path: string, ...args: readonly string[]): Child {
  const script = join(import.meta.dirname, 'writer-child.ts')
  const linesPath = `${path}.lines`
  const child = spawn(process.execPath, [script, path, linesPath, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let errors = ''
  const { promise: opened, resolve } = Promise.withResolvers<void>()
  child.stdout.once('data', () => resolve())
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
  })
  const ended: Child['ended'] = new Promise((finish) => {
    child.on('close', (code) => {
      resolve()
      // A line truncated by the kill promises nothing.
      const text = existsSync(linesPath) ? readFileSync(linesPath, 'utf8') : ''
      rmSync(linesPath, { force: true })
      finish({ code, lines: text.split('\n').slice(0, -1), errors })
    })
  })
  cleanup(t, async () => {
    child.kill('SIGKILL')
    await ended
  })
  return { process: child, opened, ended }
}
