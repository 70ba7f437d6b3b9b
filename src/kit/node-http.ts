/**
 * `node:http`, not by `import`: that reads every export, and reading one of them (`WebSocket`) loads all of `fetch`. It
 * costs each thread 15 MiB and 70 ms of CPU.
 */
export const http = process.getBuiltinModule('node:http')
