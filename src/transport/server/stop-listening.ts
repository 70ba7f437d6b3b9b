import type { Server as HttpServer } from 'node:http'
import { Server } from 'node:net'
import type { Clock } from '../../kit/clock.ts'

/**
 * A turn of the event loop this short leaves almost no time for a connection to arrive after its poll. Connections
 * reset per retirement, with 8000 connections a second from four clients, two fronts and one retiring every 100 ms: 1.9
 * if it just closes, 0.33 with 0.5 ms, 0.12 with 0.1 ms, 0.04 to 0.09 with 0.03 ms (`bench/micro/retire.ts`).
 */
const shortTurnMs = 0.03
/** After the first limit, a turn of any length that brought no connection will do; after the second, any turn. */
const patienceMs = [100, 500] as const

/**
 * Closes the listening socket only: `close` of the HTTP server would also cut idle connections, on which a client may
 * just be sending its next request.
 *
 * Established connections that are not accepted yet are reset when the socket is closed, even if other listeners share
 * the port. Node accepts one in each turn of its loop, so the queue was empty if a turn's poll brought none; the socket
 * is closed right after such a poll. Still reset are connections that arrive between that poll and the close, and
 * half-open handshakes (they belong to the socket that answered the SYN, for a round trip). Linux hands both on to the
 * other listeners if `net.ipv4.tcp_migrate_req` is 1: then none was lost in 94 retirements.
 */
export function stopListening(server: HttpServer, accepted: () => number, clock: Clock): Promise<void> {
  if (!server.listening) return Promise.resolve()
  return new Promise((resolve) => {
    const startedMs = clock.now()
    let turnMs = startedMs
    let seen = -1
    const behindPoll = (): void => {
      const now = clock.now()
      const waitedMs = now - startedMs
      const wasShort = now - turnMs < shortTurnMs || waitedMs > patienceMs[0]
      const isQuiet = (accepted() === seen && wasShort) || waitedMs > patienceMs[1]
      if (isQuiet || !server.listening) {
        Server.prototype.close.call(server)
        resolve()
        return
      }
      turnMs = now
      seen = accepted()
      setImmediate(behindPoll)
    }
    setImmediate(behindPoll)
  })
}
