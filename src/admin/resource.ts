import type { Answer, StreamedAnswer } from './answer.ts'

export type AdminMethod = 'GET' | 'POST' | 'PATCH'

export interface AdminRequest {
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** Reads the body as JSON; a string is an error message. */
  readonly json: () => Promise<{ readonly value: unknown } | string>
}

type Answering = (request: AdminRequest) => Answer | StreamedAnswer | Promise<Answer | StreamedAnswer>

/** A path of the admin API with its methods. */
export interface Resource {
  /** `/api/calls/:id`: `:name` matches one segment. */
  readonly path: string
  /** Needs no token, so that a load balancer can request it. */
  readonly isPublic?: boolean
  readonly methods: Readonly<Partial<Record<AdminMethod, Answering>>>
}

export interface FoundResource {
  readonly resource: Resource
  readonly params: Readonly<Record<string, string>>
}

export interface ResourceTable {
  readonly paths: readonly string[]
  find(path: string): FoundResource | undefined
}

/** Finds the resource for a path. A linear search suffices for some twenty resources and rare requests. */
export function resourceTable(resources: readonly Resource[]): ResourceTable {
  const entries = resources.map((resource) => ({ resource, segments: resource.path.split('/') }))
  return {
    paths: resources.map(({ path }) => path),
    find: (path) => {
      const given = path.split('/')
      for (const { resource, segments } of entries) {
        const params = match(segments, given)
        if (params !== undefined) return { resource, params }
      }
      return undefined
    },
  }
}

function match(segments: readonly string[], given: readonly string[]): Record<string, string> | undefined {
  if (segments.length !== given.length) return undefined
  const params: Record<string, string> = {}
  for (const [place, segment] of segments.entries()) {
    const value = given[place] as string
    if (!segment.startsWith(':')) {
      if (segment !== value) return undefined
      continue
    }
    const decoded = decode(value)
    if (decoded === undefined || decoded === '') return undefined
    params[segment.slice(1)] = decoded
  }
  return params
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}

/** `GET, HEAD, POST`: the `Allow` header of a resource. */
export function allowOf({ methods }: Resource): string {
  return Object.keys(methods)
    .flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
    .join(', ')
}
