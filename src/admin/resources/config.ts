import type { Config } from '../../config/schema.ts'
import { type Answer, json } from '../answer.ts'
import { oneOfIn } from '../request-input.ts'
import type { Resource } from '../resource.ts'
import { etagOf } from '../send.ts'

/** `/api/config`: the configuration in force. Prepared on the first request, because it is seldom needed. */
export function configResource(config: Config): Resource {
  let answers: Promise<Readonly<Record<'json' | 'yaml', Answer>>> | undefined
  const prepare = async () => {
    const { configView } = await import('../config-view.ts')
    const view = configView(config)
    const headers = { etag: etagOf(view.yaml), 'cache-control': 'no-cache' }
    const yaml = { status: 200, headers: { ...headers, 'content-type': 'application/yaml' }, body: view.yaml }
    return { json: json(view, 200, headers), yaml }
  }
  return {
    path: '/api/config',
    methods: {
      GET: async ({ query }) => {
        const format = oneOfIn(query, 'format', ['json', 'yaml'])
        if (!format.ok) return format.refusal
        answers ??= prepare()
        return (await answers)[format.value ?? 'json']
      },
    },
  }
}
