import { z } from 'zod'
import { strategyNames } from './registry.ts'
import { configSchema } from './schema.ts'

export type JsonSchema = z.core.JSONSchema.BaseSchema

/** JSON Schema, draft 2020-12, for editors to check and complete a configuration. */
export function configJsonSchema(): JsonSchema {
  const { $schema, ...schema } = z.toJSONSchema(configSchema, {
    io: 'input',
    target: 'draft-2020-12',
    override: ({ jsonSchema }) => {
      const { properties } = jsonSchema
      if (properties !== undefined && strategyNames.every((name) => Object.hasOwn(properties, name))) {
        // Some validators heed `required` only beside `type` and `properties`.
        jsonSchema.oneOf = strategyNames.map((name) => ({
          type: 'object',
          properties: { [name]: {} },
          required: [name],
        }))
      }
    },
  })
  return {
    ...($schema !== undefined && { $schema }),
    $id: 'urn:hedgerow:configuration',
    title: 'Hedgerow configuration',
    ...withPlaceholders(schema),
    $defs: {
      placeholder: {
        type: 'string',
        pattern: '\\$\\{[A-Za-z_]\\w*(:-[^}]*)?\\}',
        description: 'An environment variable: `${NAME}` or `${NAME:-default}`.',
      },
    },
  }
}

const placeholder: JsonSchema = { $ref: '#/$defs/placeholder' }

/** Keywords that constrain a value, rather than describe it. */
const demands = ['type', 'enum', 'const', 'pattern', 'minLength', 'minimum', 'maximum'] as const

/** Allows a placeholder wherever a value has a form. */
function withPlaceholders(schema: JsonSchema): JsonSchema {
  const inner = { ...schema }
  if (isSchema(inner.items)) inner.items = withPlaceholders(inner.items)
  if (isSchema(inner.additionalProperties)) inner.additionalProperties = withPlaceholders(inner.additionalProperties)
  if (inner.properties !== undefined) {
    const entries = Object.entries(inner.properties).map(([name, member]) => [
      name,
      withPlaceholders(member as JsonSchema),
    ])
    inner.properties = Object.fromEntries(entries)
  }
  if (inner.anyOf !== undefined) {
    const forms = inner.anyOf as readonly JsonSchema[]
    const ownForms = forms.filter((form) => !isScalar(form))
    return {
      ...inner,
      anyOf: [
        ...forms.filter(isScalar),
        ...ownForms.map(withPlaceholders),
        ...(ownForms.length < forms.length ? [placeholder] : []),
      ],
    }
  }
  const takesAnyText = inner.type === 'string' && demands.every((key) => key === 'type' || inner[key] === undefined)
  if (!isScalar(inner) || takesAnyText) return inner
  const demanded = Object.fromEntries(Object.entries(inner).filter(([key]) => isDemand(key)))
  const rest = Object.fromEntries(Object.entries(inner).filter(([key]) => !isDemand(key)))
  return { ...rest, anyOf: [demanded, placeholder] }
}

function isScalar({ type, enum: values }: JsonSchema): boolean {
  return values !== undefined || type === 'string' || type === 'number' || type === 'integer' || type === 'boolean'
}

function isDemand(key: string): boolean {
  return demands.some((demand) => demand === key)
}

function isSchema(schema: unknown): schema is JsonSchema {
  return typeof schema === 'object' && schema !== null && !Array.isArray(schema)
}
