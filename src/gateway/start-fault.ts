/** The configuration is good, and yet the gateway cannot start, or go over to it: the message says what to do. */
export class StartFault extends Error {
  override readonly name = 'StartFault'
}
