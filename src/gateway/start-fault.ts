/** The configuration is good, and yet the gateway cannot start: the message says what to do. */
export class StartFault extends Error {}
