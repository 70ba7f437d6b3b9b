import { ProfileError } from '@hedgerow/backend/profile'
import type { ProfilePatch } from '@hedgerow/backend/profile-patch'
import type { Backend } from '@hedgerow/backend/server'
import type { BackendView } from '../admin/api.ts'
import type { SimulatedBackends } from '../admin/resources/backends.ts'

/** The demo's backends, as the admin API shows and changes them. */
export function demoBackends(backends: readonly Backend[]): SimulatedBackends {
  return {
    list: () => backends.map(viewOf),
    patch: async (name, patch) => {
      const backend = backends.find((candidate) => candidate.name === name)
      if (backend === undefined) return undefined
      try {
        // The backend itself validates the patch.
        await backend.patch(patch as ProfilePatch)
        return { backend: viewOf(backend) }
      } catch (error) {
        if (error instanceof ProfileError) return { errors: error.reasons }
        throw error
      }
    },
  }
}

function viewOf(backend: Backend): BackendView {
  return { name: backend.name, url: backend.url, profile: backend.profile(), stats: backend.stats() }
}
