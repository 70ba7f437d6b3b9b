import { formatFaults } from '../config/faults.ts'
import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { exitCodes } from './exit-codes.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Returns the configuration, or prints its errors, sets the exit code and returns undefined. */
export async function readConfig(file: string, environment: Environment = process.env): Promise<Config | undefined> {
  const result = await loadConfig(file, environment)
  if (result.ok) return result.config
  const count = result.faults.length
  console.error(formatFaults(result.faults))
  console.error(`\n${file}: ${count} ${count === 1 ? 'fault' : 'faults'}`)
  process.exitCode = exitCodes.badUsage
  return undefined
}
