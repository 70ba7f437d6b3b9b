/**
 * An asynchronous backend that costs next to nothing, as it shares a core with the load: it acknowledges every request
 * at once and posts the result at once to the URL in `x-callback-url`, over kept connections. `GET /plain` returns a
 * small JSON answer. It parses only the HTTP that the gateway sends; `hedgerow backend async` takes three times as long
 * per call as the gateway, which then waits, and pays to be woken for each packet.
 *
 *   bin/node bench/kit/async-backend.ts --port 9101
 */
import { connect, createServer, type Socket } from 'node:net'
import { parseArgs } from 'node:util'

const { values: args } = parseArgs({ options: { port: { type: 'string', default: '9101' } } })
const headEnd = '\r\n\r\n'
const callbackUrl = /^x-callback-url: http:\/\/([^:/]+):(\d+)(\S+)\r$/im
const acknowledgement = 'HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n'
const plain = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n{"time":250}`
const result = '{"result":"done"}'
/** By authority, as several gateways may use this backend. */
const idle = new Map<string, Socket[]>()

createServer((socket) => {
  socket.setNoDelay(true)
  let received = ''
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1')
    for (let end = received.indexOf(headEnd); end >= 0; end = received.indexOf(headEnd)) {
      const head = received.slice(0, end + 2)
      received = received.slice(end + headEnd.length)
      if (head.startsWith('GET /plain')) socket.write(plain)
      else acknowledge(socket, head)
    }
  })
  socket.on('error', () => socket.destroy())
}).listen({ port: Number(args.port), host: '127.0.0.1', backlog: 4096 })

function acknowledge(socket: Socket, head: string): void {
  const [, host, port, path] = callbackUrl.exec(head) ?? []
  if (host === undefined || path === undefined) {
    socket.end('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n')
    return
  }
  socket.write(acknowledgement)
  const poster = idleOf(host, Number(port)).pop() ?? connected(host, Number(port))
  poster.write(
    `POST ${path} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\ncontent-length: ${result.length}\r\n\r\n${result}`,
  )
}

/** One request at a time per connection: it is free again once its answer has arrived, which comes in one piece. */
function connected(host: string, port: number): Socket {
  const poster = connect({ host, port, noDelay: true })
  const free = idleOf(host, port)
  poster.on('data', (chunk) => {
    if (!chunk.toString('latin1', 0, 12).startsWith('HTTP/1.1 2')) throw new Error(chunk.toString('latin1'))
    free.push(poster)
  })
  poster.on('error', () => poster.destroy())
  poster.on('close', () => {
    const index = free.indexOf(poster)
    if (index >= 0) free.splice(index, 1)
  })
  return poster
}

function idleOf(host: string, port: number): Socket[] {
  const authority = `${host}:${port}`
  const found = idle.get(authority) ?? []
  idle.set(authority, found)
  return found
}
