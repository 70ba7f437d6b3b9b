import { type HrTime, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'

/** A span as `POST /api/v2/spans` takes it: https://zipkin.io/zipkin-api/#/default/post_spans */
interface ZipkinSpan {
  readonly traceId: string
  readonly id: string
  readonly parentId: string | undefined
  readonly name: string
  readonly kind: 'CLIENT' | 'SERVER' | 'CONSUMER' | 'PRODUCER' | undefined
  /** Microseconds since 1970. */
  readonly timestamp: number
  /** Microseconds. */
  readonly duration: number
  readonly localEndpoint: { readonly serviceName: string }
  readonly tags: Readonly<Record<string, string>>
}

const kinds = {
  [SpanKind.CLIENT]: 'CLIENT',
  [SpanKind.SERVER]: 'SERVER',
  [SpanKind.CONSUMER]: 'CONSUMER',
  [SpanKind.PRODUCER]: 'PRODUCER',
  [SpanKind.INTERNAL]: undefined,
} as const

export function zipkinJson(spans: readonly ReadableSpan[]): string {
  return JSON.stringify(spans.map(zipkinSpan))
}

/**
 * Follows the OpenTelemetry specification: https://opentelemetry.io/docs/specs/otel/trace/sdk_exporters/zipkin/
 * Events and links are left out, because our spans have none.
 */
function zipkinSpan(span: ReadableSpan): ZipkinSpan {
  const { traceId, spanId } = span.spanContext()
  return {
    traceId,
    id: spanId,
    parentId: span.parentSpanContext?.spanId,
    name: span.name,
    kind: kinds[span.kind],
    timestamp: microseconds(span.startTime),
    // Zipkin rejects empty spans.
    duration: Math.max(1, microseconds(span.duration)),
    localEndpoint: { serviceName: String(span.resource.attributes['service.name']) },
    tags: tagsOf(span),
  }
}

/** Zipkin has no status and no resource, and tag values are strings only. */
function tagsOf({ attributes, resource, status, droppedAttributesCount }: ReadableSpan): ZipkinSpan['tags'] {
  const tags: Record<string, string> = {}
  for (const [name, value] of Object.entries({ ...attributes, ...resource.attributes })) tags[name] = String(value)
  if (status.code === SpanStatusCode.OK) tags['otel.status_code'] = 'OK'
  if (status.code === SpanStatusCode.ERROR) {
    tags['otel.status_code'] = 'ERROR'
    tags['error'] = status.message ?? ''
  }
  if (droppedAttributesCount > 0) tags['otel.dropped_attributes_count'] = String(droppedAttributesCount)
  return tags
}

function microseconds([seconds, nanoseconds]: HrTime): number {
  return seconds * 1_000_000 + Math.round(nanoseconds / 1000)
}
