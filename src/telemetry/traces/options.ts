import { z } from 'zod'
import { duration, headerName, shapes, share, wholeNumber } from '../../kit/schema.ts'

const collectorUrl = 'the URL of a collector, such as http://127.0.0.1:4318/v1/traces'
const fieldValue = 'a header value on one line'

export const traceOptions = z
  .strictObject({
    exporter: z
      .enum(['otlp', 'zipkin'], { error: '`otlp` or `zipkin`' })
      .prefault('otlp')
      .describe('What the collector takes: OTLP over HTTP as JSON, or Zipkin v2 JSON.'),
    url: z
      .string({ error: collectorUrl })
      .refine(isCollectorUrl, { error: `${collectorUrl}; what the collector asks for besides goes into \`headers\`` })
      .register(shapes, { shape: 'URL', range: '`http:` or `https:`, without user or fragment' })
      .describe(
        'Where spans are posted, the path included: `http://127.0.0.1:4318/v1/traces` (OTLP), `http://127.0.0.1:9411/api/v2/spans` (Zipkin). The collector may be absent.',
      ),
    sample: share()
      .prefault('1%')
      .describe('The share of calls that are traced, of those that come without a trace context.'),
    parent: z
      .enum(['follow', 'ratio'], { error: '`follow` or `ratio`' })
      .prefault('follow')
      .describe(
        'What decides for a call that comes with a trace context. `follow`: its sampled flag, so that traces are whole. `ratio`: `sample`, so that clients whom one does not trust cannot have everything traced.',
      ),
    serviceName: z
      .string({ error: 'a name' })
      .min(1, { error: 'a name' })
      .prefault('hedgerow')
      .describe('What the gateway calls itself in its spans.'),
    headers: z
      .record(headerName(), z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, { error: fieldValue }))
      .prefault({})
      .describe('Further header fields for the collector, such as its `Authorization`.'),
    interval: duration({ min: 10, max: 60_000 })
      .prefault('1s')
      .describe('How long a span waits for others to be sent with it.'),
    timeout: duration({ min: 10, max: 60_000 })
      .prefault('10s')
      .describe("How long the collector may take to answer. OpenTelemetry's default."),
    batch: wholeNumber({ min: 1, max: 10_000 })
      .prefault(512)
      .describe("The most spans that are sent at once. OpenTelemetry's default."),
    queue: wholeNumber({ min: 1, max: 100_000 })
      .prefault(2048)
      .describe("The most spans that wait; further ones are dropped and counted. OpenTelemetry's default."),
  })
  .describe('Traces, sent to a collector. Without this section there are none, and trace headers pass on as they came.')

function isCollectorUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, username, password, hash } = new URL(text)
  return (protocol === 'http:' || protocol === 'https:') && username === '' && password === '' && hash === ''
}

export type TraceOptions = z.output<typeof traceOptions>
