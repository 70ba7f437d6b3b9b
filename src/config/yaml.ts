import { parseAllDocuments, type YAMLError } from 'yaml'
import { type Diagnostic, diagnostic, type SourceLocation } from './diagnostic.ts'
import type { Environment } from './environment.ts'
import type { Source } from './source.ts'
import { locationsIn } from './source-locations.ts'
import { masked } from './yaml-mask.ts'
import { YamlTree } from './yaml-tree.ts'

export type ReadResult =
  | { readonly ok: true; readonly source: Source }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] }

export interface YamlOptions {
  readonly file: string
  readonly format: 'yaml' | 'json'
  readonly env: Environment
}

/** After the first few, syntax errors are mostly consequences of the ones before. */
const maxSyntaxErrors = 5

const tooDeep = 'it is nested too deeply'

/** Reads YAML, and JSON with it. Only a file that cannot be read at all fails here; other errors become findings. */
export function readYaml(text: string, { file, format, env }: YamlOptions): ReadResult {
  const language = format === 'json' ? 'JSON' : 'YAML'
  const failed = (...diagnostics: readonly Diagnostic[]): ReadResult => ({ ok: false, diagnostics })
  const { text: maskedText, unmask } = masked(text)
  const locationAt = locationsIn(text)
  const documents = parse(maskedText)
  if (documents === undefined) return failed(diagnostic(file, `not valid ${language}: ${tooDeep}`))
  const errors = documents.flatMap((document) => [...document.errors, ...document.warnings])
  if (errors.length > 0) {
    const told = firstOfEachLine(errors, locationAt).slice(0, maxSyntaxErrors)
    return failed(
      ...told.map((error) =>
        diagnostic(file, `not valid ${language}: ${syntaxProblem(error, unmask)}`, locationAt(error.pos[0])),
      ),
    )
  }
  const [first, second] = documents
  if (second !== undefined) {
    const message = 'expected one configuration; found a second YAML document (after `---`)'
    return failed(diagnostic(file, message, locationAt(second.range[0])))
  }
  if (first === undefined || first.contents === null) return failed(nothingIn(file))
  const tree = new YamlTree({ env, locationAt, unmask })
  const { value, spot } = tree.read(first.contents)
  if (value === null && tree.findings.length === 0) return failed(nothingIn(file))
  return { ok: true, source: { file, value, root: spot, findings: tree.findings } }
}

function nothingIn(file: string): Diagnostic {
  return diagnostic(file, 'the file contains no configuration; expected at least `upstreams` and `routes`')
}

/** Undefined if the parser overflowed the stack: it recurses for each level. */
function parse(text: string) {
  try {
    const documents = parseAllDocuments(text, {
      prettyErrors: false,
      stringKeys: true,
      // Checked by the tree, which can show the first duplicate and is not quadratic.
      uniqueKeys: false,
      resolveKnownTags: false,
      logLevel: 'error',
    })
    return Array.isArray(documents) ? [...documents] : []
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function firstOfEachLine(
  errors: readonly YAMLError[],
  locationAt: (offset: number) => SourceLocation,
): readonly YAMLError[] {
  const byLine = new Map<number, YAMLError>()
  for (const error of [...errors].sort((a, b) => a.pos[0] - b.pos[0])) {
    const { line } = locationAt(error.pos[0])
    if (!byLine.has(line)) byLine.set(line, error)
  }
  return [...byLine.values()]
}

/** In the words of the parser, where these are clear. */
function syntaxProblem({ code, message }: YAMLError, unmask: (text: string) => string): string {
  if (code === 'NON_STRING_KEY') return 'keys must be text'
  if (message === 'Maximum call stack size exceeded') return tooDeep
  const tag = code === 'TAG_RESOLVE_FAILED' ? '; tags are not supported: put text that begins with ! in quotes' : ''
  return `${unmask(message)}${tag}`
}
