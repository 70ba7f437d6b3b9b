import { stringify } from 'yaml'
import { matchText } from '../config/match.ts'
import type { Config } from '../config/schema.ts'
import { hidden, Redaction } from '../telemetry/redact.ts'
import type { ConfigView } from './api.ts'

/** Options whose values open something. `keyFile` is a path, and `keyRotation` a time: they are shown. */
const secretOption = /(?:token|secret|password|passphrase|credentials?|keys?)$/i
/** Every field that is sent to a collector, or set for a target, may be a credential. */
const secretMap = /^telemetry\.traces\.headers$|\.headers\.set$/
/** What is in these is named by whoever wrote them: a target called `token` is no token. */
const namedByUser = /^upstreams$|\.targets$|\.calls$|^metrics\./

/** The configuration in force, with all defaults, and without what must not be seen. */
export function configView(config: Config): ConfigView {
  const routes = config.routes.map((route) => ({ ...route, match: matchText(route.match) }))
  const redaction = new Redaction(config.telemetry.log.redact, true)
  const shown = show({ ...config, routes }, '', redaction) as object
  const head = '# Durations in milliseconds, sizes in bytes, shares from 0 to 1.\n'
  return { yaml: head + stringify(shown, { lineWidth: 0, aliasDuplicateObjects: false }), config: shown }
}

/** `path`: the names that lead to the value; members of a list have the path of the list. */
function show(value: unknown, path: string, redaction: Redaction): unknown {
  if (typeof value === 'string') return redaction.text(value)
  if (Array.isArray(value)) return value.map((item) => show(item, path, redaction))
  if (typeof value !== 'object' || value === null) return value
  if (secretMap.test(path)) return hideAll(value)
  const mayBeSecret = !namedByUser.test(path)
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  return Object.fromEntries(
    entries.map(([name, item]) => {
      if (mayBeSecret && secretOption.test(name)) return [name, hideAll(item)]
      return [name, show(item, path === '' ? name : `${path}.${name}`, redaction)]
    }),
  )
}

/** What is empty says so. */
function hideAll(value: unknown): unknown {
  if (value === undefined || value === null || value === '' || typeof value === 'boolean') return value
  if (Array.isArray(value)) return value.map(hideAll)
  if (typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([key]) => [key, hidden]))
  return hidden
}
