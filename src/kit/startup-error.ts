import type { Path } from './json-pointer.ts'

/** The configuration is good, and yet the gateway cannot start, or go over to it: the message says what to do. */
export class StartupError extends Error {
  override readonly name = 'StartupError'
  /** The setting that it is about; undefined where it is none alone. */
  readonly at: Path | undefined

  constructor(message: string, at?: Path) {
    super(message)
    this.at = at
  }
}
