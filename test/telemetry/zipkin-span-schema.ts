/**
 * The schema of Zipkin's `POST /api/v2/spans`: the definitions `ListOfSpans`, `Span`, `Endpoint`, `Annotation` and
 * `Tags` of `zipkin2-api.yaml`, version 2, of the OpenZipkin authors (https://github.com/openzipkin/zipkin-api,
 * Apache-2.0), without their descriptions and the formats of addresses. The patterns are anchored: ids contain nothing
 * but digits.
 */
const endpoint = {
  type: 'object',
  properties: {
    serviceName: { type: 'string' },
    ipv4: { type: 'string' },
    ipv6: { type: 'string' },
    port: { type: 'integer' },
  },
} as const

const annotation = {
  type: 'object',
  required: ['timestamp', 'value'],
  properties: { timestamp: { type: 'integer' }, value: { type: 'string' } },
} as const

const spanId = { type: 'string', pattern: '^[a-f0-9]{16}$', minLength: 16, maxLength: 16 } as const

export const zipkinSpans = {
  type: 'array',
  items: {
    type: 'object',
    required: ['traceId', 'id'],
    properties: {
      traceId: { type: 'string', pattern: '^[a-f0-9]{16,32}$', minLength: 16, maxLength: 32 },
      name: { type: 'string' },
      parentId: spanId,
      id: spanId,
      kind: { type: 'string', enum: ['CLIENT', 'SERVER', 'PRODUCER', 'CONSUMER'] },
      timestamp: { type: 'integer' },
      duration: { type: 'integer', minimum: 1 },
      debug: { type: 'boolean' },
      shared: { type: 'boolean' },
      localEndpoint: endpoint,
      remoteEndpoint: endpoint,
      annotations: { type: 'array', uniqueItems: true, items: annotation },
      tags: { type: 'object', additionalProperties: { type: 'string' } },
    },
  },
} as const
