import type { Server } from 'node:net'

/**
 * Calls back, with the system's code, for each connection that a listening server could not accept; without anybody who
 * listens for it, the error would count as one that nothing caught. Most of them never come here: once the process is
 * out of descriptors, libuv closes a spare one to accept with, and closes what it has accepted.
 */
export function watchAccepts(server: Server, onFailed: (code: string) => void): void {
  server.on('error', (error: NodeJS.ErrnoException) => {
    if (error.syscall === 'accept') onFailed(error.code ?? '')
    // That it cannot listen is told to whoever opens it.
    else if (server.listening) throw error
  })
}
