import type { Path } from '../../kit/json-pointer.ts'
import { json } from '../answer.ts'
import type { RefusalView, ReloadView } from '../api.ts'
import type { Resource } from '../resource.ts'

/** Result of a reload. A rejected configuration changes nothing. */
export type Reloaded =
  | { readonly ok: true }
  /** `at`: the option that the errors are about, if their texts do not name it. */
  | { readonly ok: false; readonly errors: readonly string[]; readonly at?: Path | undefined }

/** `/api/reload`: reloads and applies the configuration. Absent if it does not come from a file. */
export function reloadResources(reload: (() => Promise<Reloaded>) | undefined): readonly Resource[] {
  if (reload === undefined) return []
  const answer = async () => {
    const reloaded = await reload()
    if (reloaded.ok) return json({ applied: true } satisfies ReloadView)
    const detail = 'The configuration was rejected; the previous one stays in force'
    return json({ detail, errors: reloaded.errors } satisfies RefusalView, 422)
  }
  return [{ path: '/api/reload', methods: { POST: answer } }]
}
