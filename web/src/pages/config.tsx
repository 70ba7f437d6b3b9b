import type { ConfigView } from '../../../src/admin/api.ts'
import { CopyButton } from '../parts/copy-button.tsx'
import { Loaded } from '../parts/state.tsx'
import { useResource } from '../resource.ts'

export function ConfigPage() {
  const { data, fault } = useResource<ConfigView>('api/config')
  return (
    <>
      <h1>Configuration</h1>
      <Loaded data={data} fault={fault}>
        {({ yaml }) => (
          <>
            <div class="code-head">
              <p class="quiet">The configuration in force, with all defaults. Secrets are shown as ***.</p>
              <CopyButton text={yaml} what="the configuration" />
            </div>
            <pre class="code" tabindex={0} role="region" aria-label="The configuration as YAML">
              {yaml}
            </pre>
          </>
        )}
      </Loaded>
    </>
  )
}
