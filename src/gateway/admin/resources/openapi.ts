import { json } from '../answer.ts'
import { openapi } from '../openapi/document.ts'
import type { Resource } from '../resource.ts'
import { etagOf } from '../send.ts'

/** `/api/openapi.json`: the description of all of it. */
export function openapiResource(version: string): Resource {
  const document = openapi(version)
  const etag = etagOf(JSON.stringify(document))
  return {
    path: '/api/openapi.json',
    methods: { GET: () => json(document, 200, { etag, 'cache-control': 'no-cache' }) },
  }
}
