import type { ConfigView } from '../../../src/admin/api.ts'
import { Loaded } from '../parts/state.tsx'
import { useResource } from '../resource.ts'

export function ConfigPage() {
  const { data, fault } = useResource<ConfigView>('api/config')
  return (
    <>
      <h1>Configuration</h1>
      <p class="quiet">What is in force, defaults filled in; secrets stand as ***.</p>
      <Loaded data={data} fault={fault}>
        {({ yaml }) => (
          <pre class="code" tabindex={0} role="region" aria-label="The configuration as YAML">
            {yaml}
          </pre>
        )}
      </Loaded>
    </>
  )
}
