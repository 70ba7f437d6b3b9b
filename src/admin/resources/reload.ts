import type { Path } from '../../kit/json-pointer.ts'
import { json } from '../answer.ts'
import type { RefusalView, ReloadView } from '../api.ts'
import type { Resource } from '../resource.ts'

/** What became of another configuration. One that was refused has changed nothing. */
export type Reloaded =
  | { readonly ok: true }
  /** `at`: the setting that the faults are about, where they do not say it themselves. */
  | { readonly ok: false; readonly faults: readonly string[]; readonly at?: Path | undefined }

/** `/api/reload`: the configuration is read again and put in force. Not there where it comes from no file. */
export function reloadResources(reload: (() => Promise<Reloaded>) | undefined): readonly Resource[] {
  if (reload === undefined) return []
  const answer = async () => {
    const reloaded = await reload()
    if (reloaded.ok) return json({ applied: true } satisfies ReloadView)
    const detail = 'The configuration was not put in force: all stays as it was'
    return json({ detail, errors: reloaded.faults } satisfies RefusalView, 422)
  }
  return [{ path: '/api/reload', methods: { POST: answer } }]
}
