import type { ConfigInput } from './schema.ts'

/** Checks the types of a configuration that is written in TypeScript: `export default defineConfig({ ... })`. */
export function defineConfig(config: ConfigInput): ConfigInput {
  return config
}
