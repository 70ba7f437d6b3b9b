import { z } from 'zod'
import { type Operation, operations } from './operations.ts'
import { schemas } from './schemas.ts'

/** The OpenAPI 3.1 description of the admin side. */
export function openapi(version: string): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Hedgerow admin API',
      version,
      description:
        'Times are in ISO 8601, durations in milliseconds, shares from 0 to 1. Fields without a value are omitted.',
    },
    security: [{}, { token: [] }],
    paths: pathsOf(operations),
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'The token of `admin.token`, if set.' },
      },
      schemas: describedSchemas(),
    },
  }
}

function pathsOf(all: readonly Operation[]): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const operation of all) {
    const path = operation.path.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: described(operation) }
  }
  return paths
}

function described({
  path,
  summary,
  query = {},
  type = 'application/json',
  otherType,
  schema,
  body,
  refusals,
  isPublic,
}: Operation) {
  const inPath = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name as string)
  const shape = { type: type === 'application/json' ? 'object' : 'string' }
  const good = { schema: schema === undefined ? shape : reference(schema) }
  return {
    summary,
    ...(isPublic === true && { security: [] }),
    parameters: [
      ...inPath.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
      ...Object.entries(query).map(([name, [kind, description]]) => ({ name, in: 'query', description, schema: kind })),
    ],
    ...(body !== undefined && {
      requestBody: { required: true, description: body, content: { 'application/merge-patch+json': { schema: {} } } },
    }),
    responses: {
      200: {
        description: 'Done.',
        content: { [type]: good, ...(otherType !== undefined && { [otherType]: { schema: { type: 'string' } } }) },
      },
      ...Object.fromEntries(
        Object.entries(refusals).map(([status, description]) => [
          status,
          { description, content: { [isPublic === true ? 'text/plain' : 'application/json']: refusalOf(isPublic) } },
        ]),
      ),
    },
  }
}

function refusalOf(isPublic: boolean | undefined): object {
  return { schema: isPublic === true ? { type: 'string' } : reference('Refusal') }
}

function reference(name: string): { readonly $ref: string } {
  return { $ref: `#/components/schemas/${name}` }
}

/** A schema that is part of another is referred to by its name. */
function describedSchemas(): object {
  const named = z.registry<{ readonly id: string }>()
  for (const [id, schema] of Object.entries(schemas)) named.add(schema, { id })
  const described = z.toJSONSchema(named, { uri: (id) => reference(id).$ref })
  return Object.fromEntries(Object.entries(described.schemas).map(([name, schema]) => [name, embedded(schema)]))
}

/** Within a document, a schema is known by its place. */
function embedded({ $schema: _schema, $id: _id, ...schema }: z.core.JSONSchema.BaseSchema): object {
  return schema
}
