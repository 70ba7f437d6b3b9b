import { randomBytes } from 'node:crypto'

/**
 * 128 bits: a delivery cannot be found without its id. Hexadecimal, so that the id can be a command-line argument: one
 * in 64 ids in base64url begins with `-`, as an option does.
 */
export function newDeliveryId(): string {
  return randomBytes(16).toString('hex')
}
