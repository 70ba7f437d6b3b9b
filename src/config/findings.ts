import type { Path } from '../kit/json-pointer.ts'
import { type Finding, pathText } from './diagnostic.ts'
import { keyKnownElsewhere, tlsHint } from './known-elsewhere.ts'
import { type Issue, meantIssues, pathOf } from './meant.ts'
import { keysOf, type Schema, schemaAt, synonymsAt, valueAt } from './shape.ts'
import { isUnread, type Source, spotAt } from './source.ts'
import { suggest } from './suggest.ts'
import { foundText, listed, mappingName, otherValue, withFound } from './wording.ts'

/** Turns a schema's issues into messages for the author of the file: one finding per error. */
export function findingsOf(issues: readonly Issue[], schema: Schema, source: Source): readonly Finding[] {
  const told = meantIssues(issues, schema, source.value)
    .filter(({ path }) => !isUnread(source, pathOf(path)))
    .map((issue) => ({ issue, findings: findingsOfIssue(issue, schema, source) }))
  const meantKeys = new Set(told.flatMap(({ findings }) => findings.flatMap(meantKey)))
  // A misspelt key is one error, though the right key is then missing too.
  const followsFromOther = (issue: Issue): boolean => wantedKeys(issue).some((path) => meantKeys.has(pathText(path)))
  return told.filter(({ issue }) => !followsFromOther(issue)).flatMap(({ findings }) => findings)
}

function findingsOfIssue(issue: Issue, schema: Schema, source: Source): readonly Finding[] {
  const path = pathOf(issue.path)
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(key, path, schema, source.value))
  if (issue.code !== 'invalid_key') return [wrongValue(issue, path, schema, source)]
  const allowed = `a key that is ${issue.issues[0]?.message ?? otherValue}`
  return [{ path, message: withFound(allowed, foundText(path.at(-1), [])), shownAt: 'key' }]
}

function unknownKey(key: string, parent: Path, schema: Schema, root: unknown): Finding {
  const at = schemaAt(schema, parent, root)
  const allowed = (at === undefined ? undefined : keysOf(at)) ?? []
  const present = Object.keys(valueAt(root, parent) ?? {})
  const absent = allowed.filter((name) => !present.includes(name))
  const suggestion = keyKnownElsewhere(key, absent) ?? suggest(key, absent)
  const meant = suggestion === undefined ? '.' : `; did you mean "${suggestion}"?`
  const message = `unknown key${meant}${tlsHint(key, parent)} Allowed: ${listed(allowed)}`
  return { path: [...parent, key], message, shownAt: 'key', ...(suggestion !== undefined && { suggestion }) }
}

function wrongValue(issue: Issue, path: Path, schema: Schema, source: Source): Finding {
  const value = valueAt(source.value, path)
  const allowed = allowedBy(issue, schemaAt(schema, path, source.value))
  if (value === undefined && issue.code !== 'custom') {
    return { path, message: `missing; expected ${allowed}`, shownAt: 'parent' }
  }
  const suggestion = synonymOf(value, synonymsAt(schema, path, source.value)) ?? meantValue(issue, value)
  const hint = suggestion === undefined ? hintAt(issue, value, source, path) : `; did you mean ${quoted(suggestion)}?`
  const message = withFound(allowed, foundBy(issue) ?? foundText(value, path)) + hint
  return { path, message, shownAt: 'value', ...(suggestion !== undefined && { suggestion }) }
}

/** The schema's own wording, and for a mapping also its keys. */
function allowedBy(issue: Issue, schema: Schema | undefined): string {
  if (issue.code === 'invalid_union' && issue.message === otherValue) {
    const ownIssues = issue.errors.flat().filter(({ path }) => path.length === 0)
    return [...new Set(ownIssues.map(({ message }) => message))].join(' or ')
  }
  const isMapping = issue.code === 'invalid_type' && issue.expected === 'object'
  const keys = isMapping && schema !== undefined ? keysOf(schema) : undefined
  if (keys === undefined) return issue.message
  const hasExample = issue.message !== mappingName
  return hasExample ? `${issue.message} (keys: ${listed(keys)})` : `${issue.message} of ${listed(keys)}`
}

/** Some checks describe the found value themselves, because it is more than one value. */
function foundBy(issue: Issue): string | undefined {
  const found: unknown = issue.code === 'custom' ? issue.params?.['found'] : undefined
  return typeof found === 'string' ? found : undefined
}

/** A mapping in quotes would be text. */
function quoted(suggestion: string): string {
  return suggestion.startsWith('{') ? `\`${suggestion}\`` : `"${suggestion}"`
}

function synonymOf(value: unknown, known: Readonly<Record<string, string>>): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return undefined
  const word = String(value).toLowerCase().replaceAll('_', '-')
  return Object.hasOwn(known, word) ? known[word] : undefined
}

function meantValue(issue: Issue, value: unknown): string | undefined {
  return typeof value === 'string' ? suggest(value, namesFor(issue)) : undefined
}

/** The words that are accepted, in any form that the value may have. */
function namesFor(issue: Issue): readonly string[] {
  if (issue.code === 'invalid_value') return issue.values.filter((one) => typeof one === 'string')
  if (issue.code !== 'invalid_union') return []
  return issue.errors.flat().flatMap((inner) => (inner.path.length === 0 ? namesFor(inner) : []))
}

function hintAt(issue: Issue, value: unknown, { root }: Source, path: Path): string {
  if (issue.code !== 'invalid_type') return ''
  const placeholder = spotAt(root, path)?.placeholder
  const wantsText = issue.expected === 'string'
  if (wantsText && placeholder === 'plain' && value !== null) return '; put the placeholder in quotes to keep it text'
  if (!wantsText && placeholder === 'quoted')
    return '; without its quotes the placeholder may be a number, true or false'
  const missesSpace = issue.expected === 'object' && typeof value === 'string' && /^\w+:\S/.test(value)
  return missesSpace ? '; a space is missing after the colon' : ''
}

/** The keys, any one of which would resolve this issue. */
function wantedKeys(issue: Issue): readonly Path[] {
  const path = pathOf(issue.path)
  if (issue.code !== 'custom') return [path]
  const wanted: unknown = issue.params?.['wanted']
  return Array.isArray(wanted) ? wanted.map((key) => path.concat(String(key))) : []
}

function meantKey({ path, shownAt, suggestion }: Finding): readonly string[] {
  return shownAt === 'key' && suggestion !== undefined ? [pathText([...path.slice(0, -1), suggestion])] : []
}
