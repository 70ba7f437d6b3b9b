import { closeSync, openSync, readSync } from 'node:fs'

// https://sqlite.org/fileformat2.html#the_write_ahead_log: a header, then frames: each a frame header and a page.
const headerBytes = 32
const frameHeaderBytes = 24
const magic = 0x377f0682

/**
 * Finds damage in a write-ahead log that SQLite itself does not report: it reads up to the first invalid frame, and
 * treats the rest as half written at a power loss. Only the last transaction can be half written, because each is
 * synced before the next begins. So valid frames after an invalid one mean that the log was damaged later, and that
 * acknowledged writes would be lost.
 */
export function logDamage(path: string): string | undefined {
  const file = openSync(path, 'r')
  try {
    return damageIn(file)
  } finally {
    closeSync(file)
  }
}

function damageIn(file: number): string | undefined {
  const head = new DataView(new ArrayBuffer(headerBytes))
  // Unwritten bytes are not damage: after a power loss a file may have its length but no contents.
  if (!fill(file, head, 0) || new Uint8Array(head.buffer).every((byte) => byte === 0)) return undefined
  const first = head.getUint32(0)
  if (first !== magic && first !== magic + 1) return 'its header has the wrong signature'
  const isLittle = first === magic
  let sums = addTo([0, 0], head, 0, headerBytes - 8, isLittle)
  if (!isAt(sums, head, headerBytes - 8)) return 'the checksum of its header does not match'

  const salts = [head.getUint32(16), head.getUint32(20)] as const
  const frame = new DataView(new ArrayBuffer(frameHeaderBytes + head.getUint32(8)))
  let brokenAt: number | undefined
  let commitsSince = 0
  for (let number = 0; fill(file, frame, headerBytes + number * frame.byteLength); number++) {
    const isOfThisRound = isAt(salts, frame, 8)
    const expected = addTo(addTo(sums, frame, 0, 8, isLittle), frame, frameHeaderBytes, frame.byteLength, isLittle)
    const isGood = isOfThisRound && isAt(expected, frame, 16)
    if (!isGood) brokenAt ??= number
    const isCommit = frame.getUint32(4) !== 0
    if (brokenAt !== undefined && isCommit && (isGood || (brokenAt === number && isOfThisRound))) commitsSince++
    if (commitsSince > 1) return `its frame ${brokenAt} is damaged, and valid frames follow it`
    sums = [frame.getUint32(16), frame.getUint32(20)]
  }
  return undefined
}

type Sums = readonly [number, number]

function addTo([a, b]: Sums, view: DataView, from: number, to: number, isLittle: boolean): Sums {
  let [even, odd] = [a, b]
  for (let at = from; at < to; at += 8) {
    even = (even + view.getUint32(at, isLittle) + odd) >>> 0
    odd = (odd + view.getUint32(at + 4, isLittle) + even) >>> 0
  }
  return [even, odd]
}

function isAt([a, b]: Sums, view: DataView, at: number): boolean {
  return view.getUint32(at) === a && view.getUint32(at + 4) === b
}

/** Whether the file had enough bytes to fill the view. */
function fill(file: number, view: DataView, position: number): boolean {
  return readSync(file, view, 0, view.byteLength, position) === view.byteLength
}
