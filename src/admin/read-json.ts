import type { IncomingMessage } from 'node:http'

const maxBodyBytes = 1024 * 1024

/** The body as JSON, or an error message. */
export async function readJson(request: IncomingMessage): Promise<{ readonly value: unknown } | string> {
  const body = await read(request)
  if (typeof body === 'string') return body
  try {
    return { value: JSON.parse(body.toString()) as unknown }
  } catch (fault) {
    return `The body is not JSON: ${fault instanceof Error ? fault.message : String(fault)}`
  }
}

/** Uses events: leaving a `for await` loop would destroy the request and its connection before the answer. */
function read(request: IncomingMessage): Promise<Buffer | string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= maxBodyBytes) chunks.push(chunk)
      else {
        // The rest is read and discarded until the answer is sent, because a reset could overtake the answer.
        chunks.length = 0
        resolve(`The body is larger than ${maxBodyBytes} bytes`)
      }
    })
    request.on('end', () => resolve(Buffer.concat(chunks)))
    // The client has hung up: nobody reads this message, and it is not a bug.
    const gone = (): void => resolve('The body is incomplete')
    request.on('error', gone)
    request.on('close', gone)
  })
}
