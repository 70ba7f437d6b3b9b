import { stringify } from 'yaml'
import { matchText } from '../../config/match.ts'
import type { Config } from '../../config/schema.ts'
import { hidden } from '../../telemetry/redact.ts'
import type { ConfigView } from './api.ts'

/** Options and header fields whose values open something. `keyFile` is a path, and `keyRotation` a time: they are shown. */
const secretName = /(?:token|secret|password|passphrase|credentials?|keys?)$|authorization$|cookie$/i
/** Every field that is sent to a collector may be a credential. */
const secretMap = /^telemetry\..*headers$/
const credentials = /\/\/[^/@\s]*@/g

/** The configuration in force, with all defaults, and without what must not be seen. */
export function configView(config: Config): ConfigView {
  const routes = config.routes.map((route) => ({ ...route, match: matchText(route.match) }))
  const shown = show({ ...config, routes }, '', '') as object
  const head = '# Durations in milliseconds, sizes in bytes, shares from 0 to 1.\n'
  return { yaml: head + stringify(shown, { lineWidth: 0, aliasDuplicateObjects: false }), config: shown }
}

function show(value: unknown, name: string, path: string): unknown {
  if (secretName.test(name)) return hideAll(value)
  if (secretMap.test(path)) return hideAll(value)
  if (typeof value === 'string') return value.replace(credentials, `//${hidden}@`)
  if (Array.isArray(value)) return value.map((item) => show(item, '', path))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  return Object.fromEntries(entries.map(([key, item]) => [key, show(item, key, path === '' ? key : `${path}.${key}`)]))
}

/** What is empty says so. */
function hideAll(value: unknown): unknown {
  if (value === undefined || value === null || value === '' || typeof value === 'boolean') return value
  if (Array.isArray(value)) return value.map(hideAll)
  if (typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([key]) => [key, hidden]))
  return hidden
}
