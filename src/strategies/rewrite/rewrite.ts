import { type HeaderPairs, withoutHeaders } from '../../core/headers.ts'
import type { GatewayRequest } from '../../core/request.ts'
import type { Layer } from '../../core/service.ts'
import type { RewriteOptions } from './options.ts'

/** Changes the path and header of a request on its way to the target. */
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

/** What the route's pattern captured is put in for `:name` and `*`, encoded anew. */
export function compilePath(template: string): (params: GatewayRequest['params']) => string {
  const parts = template.split(/(:[A-Za-z_]\w*|\*)/)
  if (parts.length === 1) return () => template
  return (params) =>
    parts
      .map((part, index) => {
        if (index % 2 === 0) return part
        const value = params[part === '*' ? '*' : part.slice(1)] ?? ''
        return part === '*' ? encodeRest(value) : encodeURIComponent(value)
      })
      .join('')
}

/**
 * The rest of a path keeps its slashes. One with a dot segment had them encoded, as the listener lets no plain one pass;
 * there they stay encoded, or the target would resolve it and be asked for what lies outside the template's path.
 */
function encodeRest(rest: string): string {
  const segments = rest.split('/')
  const hasDotSegment = segments.some((segment) => segment === '.' || segment === '..')
  return segments.map(encodeURIComponent).join(hasDotSegment ? '%2F' : '/')
}

/** The captures that a path template uses, `*` for the rest of the path. */
export function capturesOf(template: string): readonly string[] {
  return (template.match(/:[A-Za-z_]\w*|\*/g) ?? []).map((capture) => (capture === '*' ? '*' : capture.slice(1)))
}

function compileHeaders(rules: NonNullable<RewriteOptions['headers']>): (headers: HeaderPairs) => HeaderPairs {
  const added = Object.entries(rules.set).flat()
  const removed = new Set([...Object.keys(rules.set), ...rules.remove].map((name) => name.toLowerCase()))
  return (headers) => [...withoutHeaders(headers, removed), ...added]
}
