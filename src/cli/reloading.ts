import { type Stats, unwatchFile, watchFile } from 'node:fs'
import type { Reloaded } from '../admin/resources/reload.ts'
import type { Diagnostic } from '../config/diagnostic.ts'
import { formatDiagnostic } from '../config/diagnostics.ts'
import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { countOf } from '../kit/count-of.ts'
import type { Path } from '../kit/json-pointer.ts'
import type { Log } from './log.ts'

export interface ReloadingOptions {
  readonly file: string
  readonly log: Log
  /** Applies a configuration, or returns why it cannot. */
  readonly apply: (config: Config) => Promise<Reloaded>
  /** Called when the configuration is invalid. */
  readonly refused: () => void
}

/** How often a watched file is polled: only its attributes, which works on every file system. */
const watchMs = 1000

/**
 * Reads the configuration again and applies it. An invalid one changes nothing. A request during a reload causes one
 * more reload afterwards, as the file may have changed meanwhile.
 */
export class Reloading {
  readonly #options: ReloadingOptions
  #current: Promise<Reloaded> | undefined
  #next: Promise<Reloaded> | undefined

  constructor(options: ReloadingOptions) {
    this.#options = options
  }

  reload(): Promise<Reloaded> {
    if (this.#current === undefined) {
      this.#current = this.#run().finally(() => {
        this.#current = undefined
      })
      return this.#current
    }
    this.#next ??= this.#current.then(() => {
      this.#next = undefined
      return this.reload()
    })
    return this.#next
  }

  /** Returns a function that stops watching. A missing file is not read: it is being rewritten. */
  watch(): () => void {
    const { file } = this.#options
    const looked = (now: Stats, before: Stats): void => {
      const isChanged = now.mtimeMs !== before.mtimeMs || now.ino !== before.ino || now.size !== before.size
      if (now.mtimeMs !== 0 && isChanged) void this.reload()
    }
    watchFile(file, { interval: watchMs, persistent: false }, looked)
    return () => unwatchFile(file, looked)
  }

  async #run(): Promise<Reloaded> {
    const { file, log, apply } = this.#options
    log.reopen()
    const loaded = await loadConfig(file, process.env)
    if (!loaded.ok) this.#options.refused()
    const reloaded = loaded.ok
      ? withLocation(await apply(loaded.config), loaded.diagnosticAt)
      : ({ ok: false, errors: loaded.diagnostics.map(formatDiagnostic) } as const)
    if (reloaded.ok && loaded.ok) {
      log.setLevel(loaded.config.telemetry.log.level)
      log.info(`${file} is in force (${countOf(loaded.config.routes.length, 'route')})`)
    }
    if (!reloaded.ok) {
      for (const error of reloaded.errors) log.error(error)
      log.error(
        `${file} was rejected (${countOf(reloaded.errors.length, 'error')}); the previous configuration stays in force`,
      )
    }
    return reloaded
  }
}

/** Adds the position in the file to errors found while applying, like those found while reading. */
function withLocation(reloaded: Reloaded, diagnosticAt: (path: Path, message: string) => Diagnostic): Reloaded {
  if (reloaded.ok || reloaded.at === undefined) return reloaded
  const { errors, at } = reloaded
  return { ok: false, errors: errors.map((message) => formatDiagnostic(diagnosticAt(at, message))) }
}
