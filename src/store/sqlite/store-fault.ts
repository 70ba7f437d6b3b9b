/** Why the store's thread failed to answer a request. */
export interface StoreFault {
  /** `full`: the disk has no room, all else works. `unavailable`: the database was closed and must be reopened. */
  readonly kind: 'full' | 'unavailable'
  /** For the log and the operator. It names the path, so no client may see it. */
  readonly text: string
  /** No store existed and none could be created, so no data is missing. */
  readonly isNew?: boolean
}

/** Carries a `StoreFault` to the top of the thread. */
export class StoreFaultError extends Error {
  readonly kind: StoreFault['kind']
  readonly isNew: boolean

  constructor(kind: StoreFault['kind'], text: string, isNew = false) {
    super(text)
    this.kind = kind
    this.isNew = isNew
  }
}

// https://sqlite.org/rescode.html: the lower eight bits are the primary result code, the others the details.
const codes = { busy: 5, readOnly: 8, ioError: 10, corrupt: 11, full: 13, cannotOpen: 14, notDatabase: 26 } as const

export function isSqliteError(error: unknown, ...kinds: readonly (keyof typeof codes)[]): boolean {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined
  return kinds.some((kind) => codes[kind] === code)
}

export function isFull(error: unknown): boolean {
  return isSqliteError(error, 'full') || (error instanceof Error && 'code' in error && error.code === 'ENOSPC')
}

export function fullText(path: string): string {
  return `The disk of the store ${path} is full. Make room on it, or stop the gateway and move the store to a larger one.`
}

export function storeFaultOf(error: unknown, path: string): StoreFault {
  if (error instanceof StoreFaultError) return { kind: error.kind, text: error.message, isNew: error.isNew }
  if (isFull(error)) return { kind: 'full', text: fullText(path) }
  return { kind: 'unavailable', text: textOf(error, path) }
}

function textOf(error: unknown, path: string): string {
  if (isSqliteError(error, 'corrupt', 'notDatabase')) return damagedText(path, messageOf(error))
  if (isSqliteError(error, 'busy')) return inUseText(path)
  if (isSqliteError(error, 'readOnly')) return readOnlyText(path)
  if (isSqliteError(error, 'cannotOpen')) {
    return `The store ${path} cannot be opened: check that its folder exists and is writable.`
  }
  return `The store ${path} failed: ${messageOf(error)}.`
}

export function damagedText(path: string, what: string): string {
  return (
    `The store ${path} is damaged or not an SQLite database (${what}). It was left unchanged. ` +
    `Put a good copy in its place, without a ${path}-wal beside it, or move both away to start with an empty store.`
  )
}

export function onlyLogText(path: string, what: 'gone' | 'empty'): string {
  return (
    `The store ${path} is ${what}, but its log ${path}-wal exists and may hold undelivered writes. ` +
    'Put the store back, or move the log away to start with an empty store.'
  )
}

export function damagedLogText(path: string, what: string): string {
  return (
    `The log ${path}-wal of the store ${path} is damaged (${what}) and may hold undelivered writes. Both were ` +
    'left unchanged. Put good copies of both in their place, or move the log away to continue with the store alone.'
  )
}

export function readOnlyText(path: string): string {
  return `The store ${path} cannot be written: it, its folder or its disk is read-only.`
}

export function inUseText(path: string): string {
  return `The store ${path} is in use by another process. Stop that process, or set another store.path for this one.`
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'errcode' in error ? ` (SQLite result code ${Number(error.errcode)})` : ''
  return `${error.message}${code}`
}
