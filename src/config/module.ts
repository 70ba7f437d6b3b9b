import { pathToFileURL } from 'node:url'
import type { Path } from '../kit/json-pointer.ts'
import { type Diagnostic, diagnostic, type Finding, type SourceLocation } from './diagnostic.ts'
import { type Environment, substitute } from './environment.ts'
import type { Source } from './source.ts'
import type { ReadResult } from './yaml.ts'

/** Importing the same URL again returns the same module, so that a changed file needs a new URL. */
let imports = 0

/** Runs a module and returns its default export. */
export async function readModule(file: string, env: Environment): Promise<ReadResult> {
  const url = pathToFileURL(file)
  url.searchParams.set('import', String(++imports))
  try {
    const loaded: { readonly default?: unknown } = await import(url.href)
    const value: unknown = await loaded.default
    if (value !== undefined) return readValue(value, file, env)
    return failed(
      diagnostic(file, 'expected a default export, such as `export default defineConfig({ … })`; found none'),
    )
  } catch (error) {
    return failed(diagnostic(file, `the module throws: ${firstLine(error)}`, locationIn(error, url.href)))
  }
}

/** A configuration that exists as a value. Its texts may contain placeholders, as in a file. */
export function readValue(value: unknown, file: string, env: Environment): ReadResult {
  const findings: Finding[] = []
  const replaced = replacePlaceholders(value, [], [], env, findings)
  const source: Source = { file, value: replaced, root: undefined, findings }
  return { ok: true, source }
}

function replacePlaceholders(
  value: unknown,
  path: Path,
  around: readonly unknown[],
  env: Environment,
  findings: Finding[],
): unknown {
  if (typeof value === 'string') {
    const { text, problems } = substitute(value, env)
    for (const message of problems) findings.push({ path, message, shownAt: 'value' })
    return text
  }
  if (typeof value !== 'object' || value === null) return value
  if (around.includes(value)) {
    findings.push({ path, message: 'this value contains itself', shownAt: 'value' })
    return null
  }
  const inner = (member: unknown, step: string | number): unknown =>
    replacePlaceholders(member, [...path, step], [...around, value], env, findings)
  if (Array.isArray(value)) return value.map(inner)
  // The schema rejects class instances, so they are passed on as they are.
  if (!isPlain(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, inner(member, key)]))
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n', 1)[0] as string
}

/** From the stack, if it contains the module itself. */
function locationIn(error: unknown, href: string): SourceLocation | undefined {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  const start = stack.indexOf(href)
  const [, line, column] = start < 0 ? [] : (/^:(\d+)(?::(\d+))?/.exec(stack.slice(start + href.length)) ?? [])
  return line === undefined ? undefined : { line: Number(line), column: Number(column ?? 1) }
}

function failed(...diagnostics: readonly Diagnostic[]): ReadResult {
  return { ok: false, diagnostics }
}
