import { pathToFileURL } from 'node:url'
import type { Clock } from '../kit/clock.ts'
import type { Path } from '../kit/json-pointer.ts'
import { formatDurationMs } from '../kit/units.ts'
import { within } from '../kit/within.ts'
import { type Diagnostic, diagnostic, type Finding, type SourceLocation } from './diagnostic.ts'
import { type Environment, substitute } from './environment.ts'
import type { Source } from './source.ts'
import type { ReadResult } from './yaml.ts'

/** Importing the same URL again returns the same module, so that a changed file needs a new URL. */
let imports = 0

/**
 * A module that waits for a silent server, say, must not hold up all later reloads. Its timer also keeps the process
 * alive: without one, Node would exit with code 0 while the module waits.
 */
const maxModuleMs = 30_000

/** Runs a module and returns its default export. */
export async function readModule(file: string, env: Environment, clock: Clock): Promise<ReadResult> {
  const url = pathToFileURL(file)
  url.searchParams.set('import', String(++imports))
  try {
    let value: unknown
    let isLate = true
    const loading = exportOf(url.href).then((exported) => {
      value = exported
      isLate = false
    })
    await within(maxModuleMs, clock, loading)
    if (isLate) return failed(diagnostic(file, `the module has not ended after ${formatDurationMs(maxModuleMs)}`))
    if (value !== undefined) return readValue(value, file, env)
    return failed(
      diagnostic(file, 'expected a default export, such as `export default defineConfig({ … })`; found none'),
    )
  } catch (error) {
    return failed(diagnostic(file, `the module throws: ${firstLine(error)}`, locationIn(error, url.href)))
  }
}

async function exportOf(href: string): Promise<unknown> {
  const loaded: { readonly default?: unknown } = await import(href)
  return loaded.default
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
