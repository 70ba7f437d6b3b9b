import { formatDiagnostics } from '../config/diagnostics.ts'
import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { countOf } from '../kit/count-of.ts'
import { exitCodes } from './exit-codes.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Returns the configuration, or prints its errors, sets the exit code and returns undefined. */
export async function readConfig(file: string, environment: Environment = process.env): Promise<Config | undefined> {
  const result = await loadConfig(file, environment)
  if (result.ok) return result.config
  console.error(formatDiagnostics(result.diagnostics))
  if (result.diagnostics.length > 1) console.error(`\n${file}: ${countOf(result.diagnostics.length, 'error')}`)
  process.exitCode = exitCodes.badUsage
  return undefined
}
