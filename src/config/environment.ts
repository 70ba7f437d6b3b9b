import { isScalar, parseDocument } from 'yaml'

/**
 * `${NAME}` and `${NAME:-default}` stand for environment variables; `$${` writes a literal `${`. As in a shell, `:-`
 * also replaces an empty variable. Substituted text is not scanned again, so that no variable can name another.
 */

export type Environment = Readonly<Record<string, string | undefined>>

export interface Substitution {
  readonly text: string
  /** The text was a single placeholder and nothing else. */
  readonly whole: boolean
  /** One for each placeholder that could not be replaced. */
  readonly problems: readonly string[]
}

const placeholder = /\$\$\{|\$\{(?:([A-Za-z_]\w*)(?::-([^}]*))?\}|[^}]*\}?)/g

export function substitute(text: string, env: Environment): Substitution {
  if (!text.includes('${')) return { text, whole: false, problems: [] }
  const problems: string[] = []
  let whole = false
  const replaced = text.replaceAll(placeholder, (match: string, name?: string, fallback?: string) => {
    if (match === '$${') return '${'
    whole ||= match.length === text.length
    if (name === undefined) {
      problems.push(`expected \${NAME} or \${NAME:-default} (or $\${ for the characters themselves); found "${match}"`)
      return match
    }
    const value = Object.hasOwn(env, name) ? env[name] : undefined
    if (fallback !== undefined && (value === undefined || value === '')) return fallback
    if (value === undefined) {
      problems.push(`the environment variable ${name} is not set; \${${name}:-default} would give it a default`)
      return match
    }
    return value
  })
  return { text: replaced, whole, problems }
}

/** Reads a text as YAML reads a plain scalar: a number, true, false, null; else the text itself. */
export function readScalar(text: string): unknown {
  if (text === '') return null
  if (!/^[\w.+~-]{1,64}$/.test(text)) return text
  const { contents, errors } = parseDocument(text, { prettyErrors: false })
  return errors.length === 0 && isScalar(contents) && contents.source === text ? contents.value : text
}
