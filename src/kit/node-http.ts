/**
 * `node:http` without `import`, which reads every export: reading one of them (`WebSocket`) loads all of `fetch` and
 * costs each thread 15 MiB and 70 ms of CPU.
 */
export const http = process.getBuiltinModule('node:http')
