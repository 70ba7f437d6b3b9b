import { z } from 'zod'
import { type Finding, type Path, pathText } from './fault.ts'
import { branchOf, declaredAt, keysOf, type Schema, schemaAt, valueAt } from './shape.ts'
import { isUnread, type Source, spotAt } from './source.ts'
import { suggest } from './suggest.ts'
import { foundText, listed, withFound } from './wording.ts'

type Issue = z.core.$ZodIssue

/** What a schema's issues say to whoever wrote the file: one finding for each thing that is wrong. */
export function findingsOf(issues: readonly Issue[], schema: Schema, source: Source): readonly Finding[] {
  const told = meantIssues(issues, schema, source.value)
    .filter(({ path }) => !isUnread(source, pathOf(path)))
    .map((issue) => ({ issue, findings: findingsOfIssue(issue, schema, source) }))
  const meantKeys = new Set(told.flatMap(({ findings }) => findings.flatMap(meantKey)))
  // A misspelt key is one thing, though it also leaves the right one missing.
  const followsFromOther = (issue: Issue) => wantedKeys(issue).some((path) => meantKeys.has(pathText(path)))
  return told.filter(({ issue }) => !followsFromOther(issue)).flatMap(({ findings }) => findings)
}

/**
 * Issues as they are if of each union only the form counts that was evidently meant. Its own issue tells those of all
 * forms.
 */
export function meantIssues(issues: readonly Issue[], schema: Schema, value: unknown): readonly Issue[] {
  return issues.flatMap((issue) => {
    if (issue.code !== 'invalid_union') return [issue]
    const path = pathOf(issue.path)
    const at = valueAt(value, path)
    const union = declaredAt(schema, path, value)
    const branch = union instanceof z.ZodUnion ? branchOf(union, at) : undefined
    const errors = branch === undefined ? undefined : issue.errors[branch]
    if (!(union instanceof z.ZodUnion) || branch === undefined || errors === undefined) return [issue]
    const inner = meantIssues(errors, union.options[branch] as Schema, at)
    return inner.map((one) => ({ ...one, path: [...issue.path, ...one.path] }))
  })
}

export function pathOf(path: readonly PropertyKey[]): Path {
  return path.map((step) => (typeof step === 'number' ? step : String(step)))
}

function findingsOfIssue(issue: Issue, schema: Schema, source: Source): readonly Finding[] {
  const path = pathOf(issue.path)
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey(key, path, schema, source.value))
  }
  const value = valueAt(source.value, path)
  if (issue.code === 'invalid_key') {
    const allowed = issue.issues[0]?.message ?? 'another key'
    const message = withFound(`a key that is ${allowed}`, foundText(path.at(-1), []))
    return [{ path, message, shownAt: 'key' }]
  }
  const allowed = allowedBy(issue, schemaAt(schema, path, source.value))
  if (value === undefined && issue.code !== 'custom') {
    return [{ path, message: `missing; expected ${allowed}`, shownAt: 'parent' }]
  }
  const suggestion =
    issue.code === 'invalid_value' && typeof value === 'string' ? suggest(value, texts(issue)) : undefined
  const found =
    issue.code === 'custom' && typeof issue.params?.['found'] === 'string'
      ? issue.params['found']
      : foundText(value, path)
  const hint = suggestion === undefined ? hintAt(issue, value, source, path) : `; did you mean "${suggestion}"?`
  const message = `${withFound(allowed, found)}${hint}`
  return [{ path, message, shownAt: 'value', ...(suggestion !== undefined && { suggestion }) }]
}

function unknownKey(key: string, parent: Path, schema: Schema, root: unknown): Finding {
  const at = schemaAt(schema, parent, root)
  const allowed = (at === undefined ? undefined : keysOf(at)) ?? []
  const present = Object.keys((valueAt(root, parent) ?? {}) as object)
  const suggestion = suggest(
    key,
    allowed.filter((name) => !present.includes(name)),
  )
  const meant = suggestion === undefined ? '' : `; did you mean "${suggestion}"?`
  const message = `unknown key${meant === '' ? '.' : meant} Allowed: ${listed(allowed)}`
  return { path: [...parent, key], message, shownAt: 'key', ...(suggestion !== undefined && { suggestion }) }
}

/** A schema's own words, and for a mapping also which keys it takes. */
function allowedBy(issue: Issue, schema: Schema | undefined): string {
  if (issue.code === 'invalid_union') {
    const forms = [
      ...new Set(
        issue.errors
          .flat()
          .filter(({ path }) => path.length === 0)
          .map(({ message }) => message),
      ),
    ]
    return issue.message === 'another value' ? forms.join(' or ') : issue.message
  }
  const keys =
    issue.code === 'invalid_type' && issue.expected === 'object' && schema !== undefined ? keysOf(schema) : undefined
  return keys === undefined ? issue.message : `${issue.message} of ${listed(keys)}`
}

function hintAt(issue: Issue, value: unknown, source: Source, path: Path): string {
  const placeholder = spotAt(source.root, path)?.placeholder
  if (issue.code === 'invalid_type' && placeholder !== undefined) {
    if (issue.expected === 'string' && placeholder === 'plain') return '; put the placeholder in quotes to keep it text'
    if (issue.expected !== 'string' && placeholder === 'quoted')
      return '; without its quotes the placeholder is read as a number, true or false'
  }
  const missesSpace =
    issue.code === 'invalid_type' && issue.expected === 'object' && typeof value === 'string' && /^\w+:\S/.test(value)
  return missesSpace ? '; a space is missing after the colon' : ''
}

/** Any one of these keys, and there would not be this issue. */
function wantedKeys(issue: Issue): readonly Path[] {
  const path = pathOf(issue.path)
  if (issue.code !== 'custom') return [path]
  const wanted: unknown = issue.params?.['wanted']
  return Array.isArray(wanted) ? wanted.map((key) => [...path, String(key)]) : []
}

function meantKey({ path, shownAt, suggestion }: Finding): readonly string[] {
  return shownAt === 'key' && suggestion !== undefined ? [pathText([...path.slice(0, -1), suggestion])] : []
}

function texts(issue: z.core.$ZodIssueInvalidValue): readonly string[] {
  return issue.values.filter((value) => typeof value === 'string')
}
