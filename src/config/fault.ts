/** Where in the configuration: keys and places in lists, from the top. */
export type Path = readonly (string | number)[]

/** Both counted from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** What is wrong, and with which part. Its place in the file is looked up later. */
export interface Finding {
  readonly path: Path
  /** What was found, and what is allowed. */
  readonly message: string
  /** Which part of the file shows it best: the value, its key, or what it is missing from. */
  readonly shownAt: 'value' | 'key' | 'parent'
  /** The key or value that was probably meant. */
  readonly suggestion?: string
}

/** One thing that is wrong with a configuration, as it is told. */
export interface Fault {
  readonly file: string
  /** Undefined where the configuration is a module, or the fault is that of the whole file. */
  readonly line: number | undefined
  readonly column: number | undefined
  /** `routes[0].hedge.after`; empty for the whole file. */
  readonly path: string
  readonly message: string
  readonly suggestion: string | undefined
}

export function fault(file: string, message: string, place?: Place): Fault {
  return { file, line: place?.line, column: place?.column, path: '', message, suggestion: undefined }
}

/** `routes[0].hedge.after`, `upstreams["my work"].targets`. */
export function pathText(path: Path): string {
  return path
    .map((step, index) => {
      if (typeof step === 'number') return `[${step}]`
      if (!/^[\w-]+$/.test(step)) return `[${JSON.stringify(step)}]`
      return index === 0 ? step : `.${step}`
    })
    .join('')
}

export function isWithin(path: Path, outer: Path): boolean {
  return outer.length <= path.length && outer.every((step, index) => step === path[index])
}

/** `file:line:column  path: message`, one a line. */
export function formatFaults(faults: readonly Fault[]): string {
  return faults.map((one) => `${placeText(one)}  ${one.path === '' ? '' : `${one.path}: `}${one.message}\n`).join('')
}

/** In the order of the file, what has no place first; the same fault seen through two aliases is told once. */
export function sortFaults(faults: readonly Fault[]): readonly Fault[] {
  const seen = new Set<string>()
  const distinct = faults.filter(({ line, column, path, message }) => {
    const key = `${line === undefined ? path : `${line}:${column}`} ${message}`
    return !seen.has(key) && seen.add(key)
  })
  return distinct.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0))
}

function placeText({ file, line, column }: Fault): string {
  return line === undefined ? file : `${file}:${line}:${column}`
}
