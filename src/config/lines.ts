import type { Path } from '../kit/json-pointer.ts'
import type { RetryOptions } from '../layers/retry/options.ts'
import type { RouteConfig } from './route-schema.ts'

/** The options of one line of attempts: those of a strategy, or of one named call. */
export interface Line {
  readonly path: Path
  readonly upstream: string
  readonly template: string | undefined
  readonly setHeaders: readonly string[]
  readonly retry: RetryOptions | undefined
}

/** `path`: the path of the route. */
export function linesOf({ strategy: { name, options } }: RouteConfig, path: Path): readonly Line[] {
  if ('upstream' in options) return [lineOf(options, [...path, name])]
  return Object.entries(options.calls).map(([call, line]) => lineOf(line, [...path, name, 'calls', call]))
}

interface LineOptions {
  readonly upstream: string
  readonly path?: string | undefined
  readonly headers?: { readonly set: Readonly<Record<string, string>> } | undefined
  readonly retry?: RetryOptions | undefined
}

function lineOf({ upstream, path: template, headers, retry }: LineOptions, path: Path): Line {
  return { path, upstream, template, setHeaders: Object.keys(headers?.set ?? {}), retry }
}
