import type { IncomingMessage } from 'node:http'

const maxBodyBytes = 1024 * 1024

/** The body as JSON; a text says what is wrong with it. */
export async function readJson(request: IncomingMessage): Promise<{ readonly value: unknown } | string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBodyBytes) return `The body is larger than ${maxBodyBytes} bytes`
    chunks.push(chunk)
  }
  try {
    return { value: JSON.parse(Buffer.concat(chunks).toString()) as unknown }
  } catch (fault) {
    return `The body is not JSON: ${fault instanceof Error ? fault.message : String(fault)}`
  }
}
