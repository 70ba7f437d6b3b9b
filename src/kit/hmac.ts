import { hash } from 'node:crypto'

/** The HMAC of a text, in base64url. */
export type Hmac = (text: string) => string

const blockBytes = 64
const hashBytes = 32
/** One UTF-16 unit takes at most three bytes in UTF-8. */
const maxBytesPerUnit = 3

/**
 * HMAC-SHA256 (RFC 2104) from two hashes: 0.7 us for a short text, where `createHmac` takes 1.5 us and allocates an
 * object (Node 26). The key is padded once, and the text is written after it in the same buffer.
 */
export function hmacSha256(secret: string): Hmac {
  const given = Buffer.from(secret)
  const key = given.length > blockBytes ? hash('sha256', given, 'buffer') : given
  let inner = padded(key, 0x36, 4 * blockBytes)
  const outer = padded(key, 0x5c, hashBytes)
  return function hmac(text) {
    const neededBytes = blockBytes + text.length * maxBytesPerUnit
    if (neededBytes > inner.length) inner = padded(key, 0x36, neededBytes)
    const end = blockBytes + inner.write(text, blockBytes)
    // As text: hashing to a buffer takes twice as long.
    outer.write(hash('sha256', inner.subarray(0, end), 'latin1'), blockBytes, 'latin1')
    return hash('sha256', outer, 'base64url')
  }
}

/** The key with this padding, followed by room for the hashed data. */
function padded(key: Uint8Array, padding: number, roomBytes: number): Buffer {
  const block = Buffer.alloc(blockBytes + roomBytes).fill(padding, 0, blockBytes)
  for (const [index, byte] of key.entries()) block[index] = byte ^ padding
  return block
}
