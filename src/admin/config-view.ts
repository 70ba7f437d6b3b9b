import { stringify } from 'yaml'
import { asFile, notationOf } from '../config/notation.ts'
import type { Config } from '../config/schema.ts'
import { hidden, Redaction } from '../telemetry/redact.ts'
import type { ConfigView } from './api.ts'

/** Options with credentials as values. `keyFile` (a path) and `keyRotation` (a time) are shown. */
const secretOption = /(?:token|secret|password|passphrase|credentials?|keys?)$/i
/** Headers for a collector or set for a target may all be credentials. */
const secretMap = /^telemetry\.traces\.headers$|\.headers\.set$/
/** Keys in these maps are names chosen by the user: a target called `token` is not a token. */
const namedByUser = /^upstreams$|\.targets$|\.calls$|^metrics\./

/** The configuration in force with all defaults and with secrets hidden. */
export function configView(config: Config): ConfigView {
  const redaction = new Redaction(config.telemetry.log.redact, true)
  const shown = (form: object): object => show(form, '', redaction) as object
  return {
    yaml: stringify(shown(notationOf(config)), { lineWidth: 0, aliasDuplicateObjects: false }),
    config: shown(asFile(config)),
  }
}

/** `path`: the option names that lead to the value; list items have the path of their list. */
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

/** Empty values stay visible, and numbers: `rateLimit.keys` is a count. */
function hideAll(value: unknown): unknown {
  if (value === undefined || value === null || value === '' || typeof value === 'boolean' || typeof value === 'number')
    return value
  if (Array.isArray(value)) return value.map(hideAll)
  if (typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([key]) => [key, hidden]))
  return hidden
}
