import { json } from '../answer.ts'
import type { Resource } from '../resource.ts'
import { etagOf } from '../send.ts'

/** `/api/openapi.json`: built on the first request, because it is seldom needed. */
export function openapiResource(version: string): Resource {
  let description: Promise<{ readonly document: object; readonly etag: string }> | undefined
  const describe = async () => {
    const { openapi } = await import('../openapi/document.ts')
    const document = openapi(version)
    return { document, etag: etagOf(JSON.stringify(document)) }
  }
  return {
    path: '/api/openapi.json',
    methods: {
      GET: async () => {
        description ??= describe()
        const { document, etag } = await description
        return json(document, 200, { etag, 'cache-control': 'no-cache' })
      },
    },
  }
}
