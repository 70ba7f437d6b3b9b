import { totalmem } from 'node:os'

/** The memory this process may use: the limit of its cgroup (a container's), or the machine's memory. */
export function machineMemoryBytes(): number {
  // 0 if unknown; more than the machine's memory if there is no limit.
  const limitBytes = process.constrainedMemory()
  return limitBytes > 0 ? Math.min(limitBytes, totalmem()) : totalmem()
}
