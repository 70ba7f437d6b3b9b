import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Frees memory that only the start needed: reading a configuration fills some 15 MiB, which V8 keeps while the process
 * has little to do. It blocks the thread for some 50 ms, so call it before the first request is expected. The only
 * other way to request this from inside the process opens an inspector.
 */
export function releaseMemory(): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as NodeJS.GCFunction
  setFlagsFromString('--no-expose-gc')
  // `last-resort` also shrinks the young generation, which holds most of that memory.
  collect({ type: 'major', flavor: 'last-resort', execution: 'sync' })
}
