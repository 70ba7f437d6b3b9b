import type { Path } from '../kit/json-pointer.ts'

/** Both counted from 1. */
export interface SourceLocation {
  readonly line: number
  readonly column: number
}

/** An error, and the part of the configuration that has it. Its position in the file is looked up later. */
export interface Finding {
  readonly path: Path
  /** The value found, and the values allowed. */
  readonly message: string
  /** The part of the file that shows it best: the value, its key, or the parent that lacks it. */
  readonly shownAt: 'value' | 'key' | 'parent'
  /** The key or value that was probably meant. */
  readonly suggestion?: string
}

/** One error in a configuration, as reported. */
export interface Diagnostic {
  readonly file: string
  /** Undefined for a module, or for an error of the whole file. */
  readonly line: number | undefined
  readonly column: number | undefined
  /** `routes[0].hedge.after`; empty for the whole file. */
  readonly path: string
  readonly message: string
  readonly suggestion: string | undefined
}

export function diagnostic(file: string, message: string, location?: SourceLocation): Diagnostic {
  return { file, line: location?.line, column: location?.column, path: '', message, suggestion: undefined }
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
