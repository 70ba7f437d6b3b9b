import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { ZipkinExporter } from '@opentelemetry/exporter-zipkin'
import type { SpanExporter } from '@opentelemetry/sdk-trace'
import { type Poster, poster } from '../../transport/client/poster.ts'
import type { TraceOptions } from './options.ts'
import type { SendSpans } from './span-queue.ts'

/**
 * The exporters of OpenTelemetry make what goes over the wire; how it goes there is ours, as theirs cannot be bounded.
 * Zipkin's waits for an answer without end, each time on a further connection; OTLP's tries again by timers that nobody
 * can cancel, and so holds up the end of the process. Neither takes a transport, so it is put in where they keep their
 * own; if a new version keeps it elsewhere, the first gateway that starts says so, and every test does.
 */
export function sender({ exporter, url, headers }: TraceOptions): { readonly send: SendSpans; close(): Promise<void> } {
  const collector = poster(url, { 'content-type': 'application/json', ...headers })
  const send = exporter === 'zipkin' ? zipkin(url, collector) : otlp(url, collector)
  return { send, close: () => collector.close() }
}

type Done = (result: { readonly code: number; readonly error?: Error }) => void

/** `SUCCESS` and `FAILED` of `@opentelemetry/core`. */
const codes = { success: 0, failed: 1 } as const

function zipkin(url: string, collector: Poster): SendSpans {
  const exporter = new ZipkinExporter({ url })
  const inside = exporter as unknown as { _send: (spans: readonly object[], done: Done) => void }
  known(inside._send)
  return (spans, signal) => {
    inside._send = (converted, done) => {
      settle(collector.post(JSON.stringify(converted), signal), done)
    }
    return exported(exporter, spans)
  }
}

function otlp(url: string, collector: Poster): SendSpans {
  const exporter = new OTLPTraceExporter({ url })
  type Sent = { readonly status: 'success' } | { readonly status: 'failure'; readonly error: Error }
  const inside = exporter as unknown as {
    readonly _delegate: { _transport: { send: (data: Uint8Array) => Promise<Sent> } }
  }
  known(inside._delegate._transport.send)
  return (spans, signal) => {
    const send = (data: Uint8Array): Promise<Sent> =>
      collector.post(data, signal).then(
        () => ({ status: 'success' }),
        (error: Error) => ({ status: 'failure', error }),
      )
    inside._delegate._transport = { send }
    return exported(exporter, spans)
  }
}

function known(part: unknown): void {
  if (typeof part !== 'function') throw new Error('this version of the OpenTelemetry exporter is not known here')
}

function settle(work: Promise<void>, tell: Done): void {
  work.then(
    () => tell({ code: codes.success }),
    (error: Error) => tell({ code: codes.failed, error }),
  )
}

function exported(exporter: SpanExporter, spans: Parameters<SendSpans>[0]): Promise<void> {
  return new Promise((resolve, reject) => {
    exporter.export(spans, ({ code, error }: Parameters<Done>[0]) => {
      if (code === codes.success) resolve()
      else reject(error ?? new Error('the spans were not taken'))
    })
  })
}
