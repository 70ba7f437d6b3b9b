import { totalmem } from 'node:os'

/** What this process may use: the limit of its cgroup (a container's), or the machine's memory. */
export function machineMemoryBytes(): number {
  // 0 where it cannot be known; more than there is where there is no limit.
  const limitBytes = process.constrainedMemory()
  return limitBytes > 0 ? Math.min(limitBytes, totalmem()) : totalmem()
}
