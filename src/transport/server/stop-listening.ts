import type { Server as HttpServer } from 'node:http'
import { Server } from 'node:net'
import type { Clock } from '../../kit/clock.ts'

/**
 * A turn of the event loop that took no longer leaves next to no time for a connection to come in behind its poll. With
 * 8000 connections a second from four clients, two fronts and one that retires every 100 ms, so many are reset each time:
 * 1.9 if it just closes, 0.33 with 0.5 ms, 0.12 with 0.1 ms, 0.04 to 0.09 with 0.03 ms (`bench/micro/retire.ts`).
 */
const shortTurnMs = 0.03
/** So long such a turn is waited for; then any turn will do that brought no connection; and then it is closed. */
const patienceMs = [100, 500] as const

/**
 * Closes the listening socket, and nothing else: `close` of the HTTP server would cut idle connections, on which a client
 * may be sending its next request just now.
 *
 * Connections that the kernel has finished and nobody has accepted yet are reset when the socket is closed, though other
 * listeners share the port. Node accepts one in each turn of its loop, so the queue was empty if a turn's poll brought
 * none; the socket is closed right behind such a poll. What remains is what arrives between that poll and the close, and
 * handshakes that are half done (they belong to the socket that answered the SYN, for a round trip). Linux hands both on
 * to the other listeners where `net.ipv4.tcp_migrate_req` is 1: then none was lost in 94 times.
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
