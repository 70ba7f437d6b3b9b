import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Gives back what the start took and the gateway does not need: reading a configuration fills some 15 MiB, which V8 keeps
 * as long as there is little to do. It stops the thread for some 50 ms, so call it before the first request is expected.
 * V8 has no other way to ask for it from inside that does not open an inspector.
 */
export function releaseMemory(): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as NodeJS.GCFunction
  setFlagsFromString('--no-expose-gc')
  // `last-resort` also shrinks the young generation, which is most of it.
  collect({ type: 'major', flavor: 'last-resort', execution: 'sync' })
}
