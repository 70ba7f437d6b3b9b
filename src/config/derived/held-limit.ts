import { machineMemoryBytes } from '../../kit/machine-memory.ts'
import type { Config } from '../schema.ts'

const defaultShare = 0.25

/** Maximum number of bytes that calls may hold in memory. */
export function heldLimit({ memory }: Pick<Config, 'memory'>): number {
  return memory.held ?? Math.floor(machineMemoryBytes() * defaultShare)
}
