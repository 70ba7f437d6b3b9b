import { type FileHandle, open } from 'node:fs/promises'
import { extname, resolve } from 'node:path'
import { systemClock } from '../kit/clock.ts'
import type { Path } from '../kit/json-pointer.ts'
import { checkConfig } from './check.ts'
import { type Diagnostic, diagnostic } from './diagnostic.ts'
import { sortDiagnostics, toDiagnostic } from './diagnostics.ts'
import type { Environment } from './environment.ts'
import { findingsOf } from './findings.ts'
import { readModule, readValue } from './module.ts'
import { type Config, configSchema } from './schema.ts'
import { allowedText } from './wording.ts'
import { type ReadResult, readYaml } from './yaml.ts'

export type LoadResult =
  /** `file`: its absolute path. `diagnosticAt`: for errors found later; the message names the setting itself. */
  | {
      readonly ok: true
      readonly config: Config
      readonly file: string
      readonly diagnosticAt: (path: Path, message: string) => Diagnostic
    }
  /** At least one, in the order of the file. */
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] }

export interface ParseOptions {
  /** The name of the file in errors. */
  readonly file: string
  /** Every JSON file is also YAML; this only affects the wording. */
  readonly format?: 'yaml' | 'json'
  readonly env: Environment
}

/** A thousand routes take about 200 KiB. */
const maxFileBytes = 4 * 1024 * 1024

const moduleExtensions = new Set(['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs'])

/** Reads, checks and completes a configuration. Errors are returned as diagnostics; nothing is thrown. */
export async function loadConfig(file: string, env: Environment, clock = systemClock()): Promise<LoadResult> {
  const text = await readText(file)
  if (typeof text !== 'string') return { ok: false, diagnostics: [text] }
  const extension = extname(file).toLowerCase()
  const result = moduleExtensions.has(extension)
    ? finish(await readModule(file, env, clock), file)
    : parseConfig(text, { file, format: extension === '.json' ? 'json' : 'yaml', env })
  return result.ok ? { ...result, file: resolve(file) } : result
}

/** Does the same for the text of a YAML or JSON file. */
export function parseConfig(text: string, { file, format = 'yaml', env }: ParseOptions): LoadResult {
  return finish(readYaml(text, { file, format, env }), file)
}

/** Does the same for a value, such as a module's export. */
export function parseConfigValue(value: unknown, { file, env }: ParseOptions): LoadResult {
  return finish(readValue(value, file, env), file)
}

function finish(read: ReadResult, file: string): LoadResult {
  if (!read.ok) return { ok: false, diagnostics: sortDiagnostics(read.diagnostics) }
  const { source } = read
  const parsed = configSchema.safeParse(source.value, { error: allowedText })
  const sound = parsed.success && source.findings.length === 0 ? parsed.data : undefined
  const findings = [
    ...source.findings,
    ...(parsed.success ? [] : findingsOf(parsed.error.issues, configSchema, source)),
    ...checkConfig(source, sound),
  ]
  if (sound !== undefined && findings.length === 0) {
    const diagnosticAt = (path: Path, message: string): Diagnostic => {
      return { ...toDiagnostic(source, { path, message, shownAt: 'value' }), path: '' }
    }
    return { ok: true, config: sound, file, diagnosticAt }
  }
  return { ok: false, diagnostics: sortDiagnostics(findings.map((finding) => toDiagnostic(source, finding))) }
}

async function readText(file: string): Promise<string | Diagnostic> {
  let handle: FileHandle | undefined
  try {
    handle = await open(file)
    if ((await handle.stat()).isDirectory()) return diagnostic(file, 'expected a file; found a directory')
    // Limits the read of an endless file, such as a device.
    const bytes = await readUpTo(handle, maxFileBytes + 1)
    if (bytes.length > maxFileBytes)
      return diagnostic(file, 'the file is larger than 4MiB, the limit for a configuration')
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    return diagnostic(file, readProblem(error))
  } finally {
    await handle?.close()
  }
}

async function readUpTo(handle: FileHandle, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  while (length < maxBytes) {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(Math.min(64 * 1024, maxBytes - length)))
    if (bytesRead === 0) break
    chunks.push(buffer.subarray(0, bytesRead))
    length += bytesRead
  }
  return Buffer.concat(chunks)
}

function readProblem(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'ENOENT') return 'no such file'
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied'
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return 'the file is not valid UTF-8 text'
  return `the file cannot be read: ${error instanceof Error ? error.message : String(error)}`
}
