import type { HeaderPairs } from '../../core/headers.ts'
import type { GatewayRequest } from '../../core/request.ts'
import type { Layer } from '../../core/service.ts'
import { dropFields } from '../../kit/drop-fields.ts'
import type { RewriteOptions } from './options.ts'

/** Changes the path and header of the request to the target. */
export function rewrite(options: RewriteOptions): Layer {
  const pathOf = options.path === undefined ? undefined : compilePath(options.path)
  const headersOf = options.headers === undefined ? undefined : compileHeaders(options.headers)
  return function rewriteLayer(next) {
    if (pathOf === undefined && headersOf === undefined) return next
    return (request, call) => {
      const path = pathOf?.(request.params) ?? request.path
      const headers = headersOf?.(request.headers) ?? request.headers
      return next({ ...request, path, headers }, call)
    }
  }
}

/** Whether these options change anything. */
export function rewrites({ path, headers }: RewriteOptions): boolean {
  return path !== undefined || headers !== undefined
}

/** Inserts the captures of the route's pattern for `:name`, encoded again, and for `*`. */
export function compilePath(template: string): (params: GatewayRequest['params']) => string {
  const parts = template.split(/(:[A-Za-z_]\w*|\*)/)
  if (parts.length === 1) return () => template
  return (params) =>
    parts
      .map((part, index) => {
        if (index % 2 === 0) return part
        const value = params[part === '*' ? '*' : part.slice(1)] ?? ''
        // The rest is inserted undecoded: after decoding, %2F could not be distinguished from a slash.
        return part === '*' ? value : encodeURIComponent(value)
      })
      .join('')
}

/** The captures that a path template uses; `*` is the rest of the path. */
export function capturesOf(template: string): readonly string[] {
  return (template.match(/:[A-Za-z_]\w*|\*/g) ?? []).map((capture) => (capture === '*' ? '*' : capture.slice(1)))
}

function compileHeaders(rules: NonNullable<RewriteOptions['headers']>): (headers: HeaderPairs) => HeaderPairs {
  const added = Object.entries(rules.set).flat()
  const drop = dropFields([...Object.keys(rules.set), ...rules.remove])
  return (headers) => [...drop(headers), ...added]
}
