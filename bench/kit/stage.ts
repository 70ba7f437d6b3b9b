import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { listening, startPinned, stop, stopAll } from './processes.ts'

export interface Part {
  readonly cores: number | string
  readonly command: string
  readonly args: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  /** The program is ready once something listens on this port. */
  readonly port: number
}

const open = new Set<Stage>()

/** A folder and the programs started for one comparison; both are removed at its end. */
export class Stage {
  readonly folder = mkdtempSync(join(tmpdir(), 'hedgerow-bench-'))
  readonly #children: ChildProcess[] = []

  /** Writes a file into the folder and returns its path. */
  file(name: string, text: string | Uint8Array): string {
    const path = join(this.folder, name)
    writeFileSync(path, text)
    return path
  }

  /** Starts a program and returns its process id once it listens; prints its output if it does not. */
  async start({ cores, command, args, env = {}, port }: Part): Promise<number> {
    const logFile = join(this.folder, `${this.#children.length}-${basename(command)}.log`)
    const child = startPinned(cores, command, args, { env, logFile })
    this.#children.push(child)
    const ended = new AbortController()
    child.once('exit', (code) => ended.abort(new Error(`it ended with ${code}`)))
    try {
      await listening(port, ended.signal)
    } catch (error) {
      const said = readFileSync(logFile, 'utf8').trim().split('\n').slice(-5).join('\n')
      throw new Error(`${basename(command)}: ${(error as Error).message}\n${said}`, { cause: error })
    }
    return child.pid as number
  }

  async close(): Promise<void> {
    open.delete(this)
    await Promise.all(this.#children.map(stop))
    rmSync(this.folder, { recursive: true, force: true })
  }

  static open(): Stage {
    const stage = new Stage()
    open.add(stage)
    return stage
  }
}

export async function onStage<T>(act: (stage: Stage) => Promise<T>): Promise<T> {
  const stage = Stage.open()
  try {
    return await act(stage)
  } finally {
    await stage.close()
  }
}

/** Ctrl-C also ends the programs that were started. */
export function tidyOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void stopAll()
        .then(() => Promise.all(Array.from(open, (stage) => stage.close())))
        .then(() => process.exit(130))
    })
  }
}
