import type { IncomingMessage } from 'node:http'

const maxBodyBytes = 1024 * 1024

/** The body as JSON; a text says what is wrong with it. */
export async function readJson(request: IncomingMessage): Promise<{ readonly value: unknown } | string> {
  const body = await read(request)
  if (typeof body === 'string') return body
  try {
    return { value: JSON.parse(body.toString()) as unknown }
  } catch (fault) {
    return `The body is not JSON: ${fault instanceof Error ? fault.message : String(fault)}`
  }
}

/** By events: to leave a loop over the request would destroy it, and its connection with the answer. */
function read(request: IncomingMessage): Promise<Buffer | string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= maxBodyBytes) chunks.push(chunk)
      else {
        // What still comes is read and thrown away until the answer is out, or a reset could overtake it.
        chunks.length = 0
        resolve(`The body is larger than ${maxBodyBytes} bytes`)
      }
    })
    request.on('end', () => resolve(Buffer.concat(chunks)))
    // The client has hung up: nobody hears this, and it is no fault of ours.
    const gone = (): void => resolve('The body broke off')
    request.on('error', gone)
    request.on('close', gone)
  })
}
