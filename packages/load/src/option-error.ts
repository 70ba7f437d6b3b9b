/** An option cannot be used: the value given, and the allowed values. */
export class OptionError extends Error {
  constructor(given: string, allowed: string) {
    super(`Found "${given}". Allowed: ${allowed}.`)
    this.name = 'OptionError'
  }
}
