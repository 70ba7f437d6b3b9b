/** What somebody asked for cannot be done: what was given, and what may be. */
export class OptionFault extends Error {
  constructor(given: string, allowed: string) {
    super(`"${given}" cannot be taken. Allowed: ${allowed}.`)
    this.name = 'OptionFault'
  }
}
