import findMyWay from 'find-my-way'
import type { Answer, StreamedAnswer } from './answer.ts'
import type { Input } from './request-input.ts'

export type AdminMethod = 'GET' | 'POST' | 'PATCH'

export interface AdminRequest {
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** Reads the body. */
  readonly json: () => Promise<Input<unknown>>
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

/** Finds the resource for a path, whatever the method: a resource with another method is no unknown path. */
export function resourceTable(resources: readonly Resource[]): ResourceTable {
  const tree = findMyWay({ querystringParser: () => ({}), maxParamLength: 4096 })
  for (const resource of resources) tree.on('GET', resource.path, () => {}, resource)
  return {
    paths: resources.map(({ path }) => path),
    find: (path) => {
      const found = tree.find('GET', path)
      if (found === null) return undefined
      const params = found.params as FoundResource['params']
      // find-my-way takes an empty last segment for a value.
      return Object.values(params).includes('') ? undefined : { resource: found.store as Resource, params }
    },
  }
}

/** `GET, HEAD, POST`: the `Allow` header of a resource. */
export function allowOf({ methods }: Resource): string {
  return Object.keys(methods)
    .flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
    .join(', ')
}
