import type { Path } from './json-pointer.ts'

/** The configuration is valid, but the gateway cannot start with it or switch to it: the message says what to do. */
export class StartupError extends Error {
  override readonly name = 'StartupError'
  /** The setting at issue; undefined if no single setting is. */
  readonly at: Path | undefined

  constructor(message: string, at?: Path) {
    super(message)
    this.at = at
  }
}
