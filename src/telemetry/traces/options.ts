import { z } from 'zod'
import { duration, headerName, shapes, share, wholeNumber } from '../../kit/schema.ts'

const collectorUrl = 'the URL of a collector, such as http://127.0.0.1:4318/v1/traces'
const fieldValue = 'a header value on one line'

export const traceOptions = z
  .strictObject({
    exporter: z
      .enum(['otlp', 'zipkin'], { error: '`otlp` or `zipkin`' })
      .prefault('otlp')
      .describe("The collector's format: OTLP over HTTP as JSON, or Zipkin v2 JSON."),
    url: z
      .string({ error: collectorUrl })
      .refine(isCollectorUrl, { error: `${collectorUrl}; what the collector asks for besides goes into \`headers\`` })
      .register(shapes, { shape: 'URL', range: '`http:` or `https:`, without user or fragment' })
      .describe(
        'The URL for spans, path included: `http://127.0.0.1:4318/v1/traces` (OTLP), `http://127.0.0.1:9411/api/v2/spans` (Zipkin). The collector may be down.',
      ),
    sample: share().prefault('1%').describe('The share of calls to trace, among calls without a trace context.'),
    parent: z
      .enum(['follow', 'ratio'], { error: '`follow` or `ratio`' })
      .prefault('follow')
      .describe(
        'How to sample a call with a trace context. `follow`: by its sampled flag, so that traces are complete. `ratio`: by `sample`, so that untrusted clients cannot have all their calls traced.',
      ),
    serviceName: z
      .string({ error: 'a name' })
      .min(1, { error: 'a name' })
      .prefault('hedgerow')
      .describe('The service name in spans.'),
    headers: z
      .record(headerName(), z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, { error: fieldValue }))
      .prefault({})
      .describe('Additional headers for the collector, such as `Authorization`.'),
    interval: duration({ min: 10, max: 60_000 })
      .prefault('1s')
      .describe('How long a span waits to be sent in a batch.'),
    timeout: duration({ min: 10, max: 60_000 })
      .prefault('10s')
      .describe("Timeout for the collector's answer. OpenTelemetry's default."),
    batch: wholeNumber({ min: 1, max: 10_000 })
      .prefault(512)
      .describe("Maximum number of spans in a batch. OpenTelemetry's default."),
    queue: wholeNumber({ min: 1, max: 100_000 })
      .prefault(2048)
      .describe("Maximum number of waiting spans; further ones are dropped and counted. OpenTelemetry's default."),
  })
  .describe(
    'Traces, sent to a collector. Without this section nothing is traced, and trace headers are forwarded unchanged.',
  )

function isCollectorUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, username, password, hash } = new URL(text)
  return (protocol === 'http:' || protocol === 'https:') && username === '' && password === '' && hash === ''
}

export type TraceOptions = z.output<typeof traceOptions>
