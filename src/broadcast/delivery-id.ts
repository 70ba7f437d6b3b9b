import { randomBytes } from 'node:crypto'

/**
 * 128 bits: who does not know it cannot find it. In hexadecimal, so that it may stand in a command line: of ids in base64url
 * one in 64 begins with `-`, as an option does.
 */
export function newDeliveryId(): string {
  return randomBytes(16).toString('hex')
}
