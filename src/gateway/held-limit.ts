import type { Config } from '../config/schema.ts'
import { machineMemoryBytes } from '../kit/machine-memory.ts'

const defaultShare = 0.25

/** What calls may hold in memory, in bytes. */
export function heldLimit({ memory }: Pick<Config, 'memory'>): number {
  return memory.held ?? Math.floor(machineMemoryBytes() * defaultShare)
}
