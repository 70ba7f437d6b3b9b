import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { poster } from '../../transport/client/poster.ts'
import type { TraceOptions } from './options.ts'
import type { SendSpans } from './span-queue.ts'

/** Encodes the body of a POST. */
type Encode = (spans: readonly ReadableSpan[]) => string | Uint8Array

/**
 * Posts spans in the collector's format. OpenTelemetry's exporters would wait for an answer forever (Zipkin) or retry
 * with timers that cannot be cancelled, which delays the exit of the process (OTLP).
 */
export async function sender({ exporter, url, headers }: TraceOptions): Promise<SendSpans> {
  const encode = exporter === 'zipkin' ? await zipkin() : await otlp()
  const collector = poster(url, { 'content-type': 'application/json', ...headers })
  return async (spans, signal) => collector.post(encode(spans), signal)
}

async function zipkin(): Promise<Encode> {
  return (await import('./zipkin.ts')).zipkinJson
}

/** Loaded only for OTLP, because it includes the serializers of metrics and logs. */
async function otlp(): Promise<Encode> {
  const { JsonTraceSerializer } = await import('@opentelemetry/otlp-transformer')
  return (spans) => {
    const body = JsonTraceSerializer.serializeRequest([...spans])
    if (body === undefined) throw new Error('the spans have no form in OTLP')
    return body
  }
}
