import { json, refusal } from '../answer.ts'
import type { BackendListView, BackendView } from '../api.ts'
import type { Resource } from '../resource.ts'

/** Simulated backends that run beside the gateway, in the demo only. */
export interface SimulatedBackends {
  list(): readonly BackendView[]
  /** Applies a JSON merge patch to the profile; returns its errors. Undefined for an unknown name. */
  patch(
    name: string,
    patch: unknown,
  ): Promise<{ readonly backend: BackendView } | { readonly errors: readonly string[] } | undefined>
}

/** `/api/backends`: settings of the simulated backends, to slow one down or break it while watching. */
export function backendResources(backends: SimulatedBackends | undefined): readonly Resource[] {
  const none = (): ReturnType<typeof refusal> =>
    refusal(404, 'No simulated backends run beside this gateway: `hedgerow demo` starts some')
  const nameOf = ({ name }: BackendView): string => name
  return [
    {
      path: '/api/backends',
      methods: {
        GET: () => (backends === undefined ? none() : json({ backends: backends.list() } satisfies BackendListView)),
      },
    },
    {
      path: '/api/backends/:name',
      methods: {
        GET: ({ params: { name = '' } }) => {
          if (backends === undefined) return none()
          const found = backends.list().find((backend) => backend.name === name)
          return found === undefined ? unknown(name, backends.list().map(nameOf)) : json(found)
        },
        PATCH: async ({ params: { name = '' }, json: readBody }) => {
          if (backends === undefined) return none()
          const patch = await readBody()
          if (!patch.ok) return patch.refusal
          const patched = await backends.patch(name, patch.value)
          if (patched === undefined) return unknown(name, backends.list().map(nameOf))
          if ('backend' in patched) return json(patched.backend)
          return json({ detail: patched.errors.join('; '), errors: patched.errors }, 400)
        },
      },
    },
  ]
}

function unknown(name: string, names: readonly string[]): ReturnType<typeof refusal> {
  return refusal(404, `Unknown backend ${name}; available: ${names.join(', ')}`)
}
