import type { Config } from '../../config/schema.ts'
import { json } from '../answer.ts'
import { configView } from '../config-view.ts'
import type { Resource } from '../resource.ts'
import { etagOf } from '../send.ts'

/** `/api/config`: the configuration in force. */
export function configResource(config: Config): Resource {
  const view = configView(config)
  const etag = etagOf(view.yaml)
  return {
    path: '/api/config',
    methods: { GET: () => json(view, 200, { etag, 'cache-control': 'no-cache' }) },
  }
}
