import type { Timer } from '../kit/clock.ts'
import { pathIn } from '../kit/paths.ts'
import type { Change, Reloadable } from '../kit/reload.ts'
import type { Runtime } from '../kit/runtime.ts'
import { StartupError } from '../kit/startup-error.ts'
import { resolveDeadline } from '../layers/deadline/options.ts'
import { callbackDeadlineMs } from './callback.ts'
import type { CallbackConfig } from './callback-config.ts'
import { callbackGraceMs } from './callbacks.ts'
import { KeyFile } from './key-file.ts'
import { type Key, type Keys, keyOf } from './token.ts'

export interface SigningKeysOptions extends Pick<Runtime, 'clock' | 'log'> {
  /** Base of relative paths: the folder of the configuration file. */
  readonly folder: string
  /** Called when the keys have changed, by rotation or by a reload. */
  readonly onKeys?: (keys: Keys) => void
}

/** Where keys come from. */
interface KeySource {
  readonly keys: () => Keys
  /** Undefined if the keys are in the configuration. */
  readonly file: { readonly path: string; readonly kept: KeyFile } | undefined
}

/**
 * The keys that sign callback URLs and tickets, from the configuration or from the gateway's own file. After a reload
 * with other keys, the former ones are accepted until the last token that they signed has expired.
 */
export class SigningKeys implements Reloadable<CallbackConfig> {
  readonly #options: SigningKeysOptions
  #source: KeySource
  #tokenLifeMs: number
  #former: readonly Key[] = []
  readonly #timers = new Set<Timer>()
  #all: Keys

  /** Throws a `StartupError` if the file cannot be used. */
  static open(config: CallbackConfig, options: SigningKeysOptions): SigningKeys {
    return new SigningKeys(config, options)
  }

  private constructor(config: CallbackConfig, options: SigningKeysOptions) {
    this.#options = options
    this.#tokenLifeMs = tokenLifeMs(config)
    this.#source = this.#open(config)
    this.#all = this.#source.keys()
  }

  get current(): Keys {
    return this.#all
  }

  /** Rejects with a `StartupError` if a new file cannot be used. */
  async prepare(config: CallbackConfig): Promise<Change> {
    const former = this.#source
    const { file } = former
    const isSameFile = file !== undefined && file.path === this.#pathOf(config)
    const source = isSameFile ? former : this.#open(config)
    return {
      commit: () => {
        const lifeMs = tokenLifeMs(config)
        if (isSameFile) file.kept.update({ rotationMs: config.shared.keyRotation, tokenLifeMs: lifeMs })
        else {
          this.#source = source
          file?.kept.close()
          this.#acceptFor(this.#tokenLifeMs, former.keys())
        }
        this.#tokenLifeMs = lifeMs
        this.#changed()
      },
      rollback: () => {
        if (!isSameFile) source.file?.kept.close()
      },
    }
  }

  close(): void {
    this.#source.file?.kept.close()
    for (const timer of this.#timers) timer.cancel()
  }

  #open(config: CallbackConfig): KeySource {
    const { key, previousKeys, keyRotation: rotationMs } = config.shared
    const path = this.#pathOf(config)
    if (key !== undefined || path === undefined) {
      const keys: Keys = [keyOf(key ?? ''), ...previousKeys.map(keyOf)]
      return { keys: () => keys, file: undefined }
    }
    const { clock, log } = this.#options
    const opened = KeyFile.open({
      path,
      clock,
      rotationMs,
      tokenLifeMs: tokenLifeMs(config),
      log,
      onChanged: () => this.#changed(),
    })
    if (!opened.ok) throw new StartupError(opened.problem, ['callbacks', 'keyFile'])
    return { keys: () => opened.keys.keys, file: { path, kept: opened.keys } }
  }

  #pathOf({ shared: { key, keyFile } }: CallbackConfig): string | undefined {
    return key === undefined ? pathIn(this.#options.folder, keyFile) : undefined
  }

  #acceptFor(lifeMs: number, keys: Keys): void {
    this.#former = [...this.#former, ...keys]
    const timer = this.#options.clock.after(lifeMs, () => {
      this.#timers.delete(timer)
      this.#former = this.#former.filter((key) => !keys.includes(key))
      this.#changed()
    })
    this.#timers.add(timer)
  }

  #changed(): void {
    const [current, ...previous] = this.#source.keys()
    const own = new Set([current, ...previous].map(({ id }) => id))
    const all: Keys = [current, ...previous, ...this.#former.filter(({ id }) => !own.has(id))]
    const isSame = all.length === this.#all.length && all.every(({ id }, index) => id === this.#all[index]?.id)
    if (isSame) return
    this.#all = all
    this.#options.onKeys?.(all)
  }
}

/**
 * How long a token lives. A result that arrives at the last moment is kept as long as any other. One second is added
 * because tokens expire at whole seconds.
 */
export function tokenLifeMs({ routes, shared: { tickets } }: CallbackConfig): number {
  const deadlines = routes.map(({ deadline }) => resolveDeadline(deadline, callbackDeadlineMs).max)
  return Math.max(0, ...deadlines) + callbackGraceMs(tickets.keep) + tickets.keep + 1000
}
