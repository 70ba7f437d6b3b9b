import type { Random } from './random.ts'

/** A version 4 UUID (RFC 9562, 5.4) from four random numbers; not for secrets. */
export function uuidFrom(random: Random): string {
  const bytes = Buffer.alloc(16)
  for (let i = 0; i < 16; i += 4) bytes.writeUInt32BE(Math.floor(random() * 2 ** 32), i)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
