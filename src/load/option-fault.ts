/** An option cannot be used: the value given, and the allowed values. */
export class OptionFault extends Error {
  constructor(given: string, allowed: string) {
    super(`"${given}" is invalid. Allowed: ${allowed}.`)
    this.name = 'OptionFault'
  }
}
