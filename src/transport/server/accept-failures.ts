import type { Server } from 'node:net'

/**
 * Calls back, with the system's code, for each connection that a listening server could not accept; without a listener
 * the error would be an uncaught exception. Most of these errors never reach Node: once the process is out of
 * descriptors, libuv frees a spare one, accepts the connection with it and closes the connection.
 */
export function watchAccepts(server: Server, onFailed: (code: string) => void): void {
  server.on('error', (error: NodeJS.ErrnoException) => {
    if (error.syscall === 'accept') onFailed(error.code ?? '')
    // An error from `listen` is reported by the caller that opens the server.
    else if (server.listening) throw error
  })
}
