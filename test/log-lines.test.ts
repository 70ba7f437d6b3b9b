import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { literalsOf } from '../tools/prose/literals.ts'
import { logCallsIn } from '../tools/prose/log-texts.ts'
import { root } from './kit/command.ts'

/** Files whose calls log a text that another function has built, with the files of those functions. */
const builders: Readonly<Record<string, readonly string[]>> = {
  'src/cli/serve.ts': ['src/gateway/descriptor-need.ts'],
  'src/cli/start.ts': ['src/gateway/listen-error.ts'],
  'src/telemetry/shortage-log.ts': ['src/telemetry/shortage-log.ts'],
  'src/upstream/health/health-monitor.ts': ['src/upstream/health/health-log.ts'],
  'src/upstream/tls-log.ts': ['src/upstream/tls-log.ts'],
}

/** Files that hand on what others log; `reloading.ts` also logs the diagnostics of a file, which are no log lines. */
const relays = new Set([
  'src/cli/log.ts',
  'src/cli/reloading.ts',
  'src/gateway/threads/protocol.ts',
  'src/gateway/threads/worker-group.ts',
  'src/gateway/threads/worker-main.ts',
])

/** The program log of a gateway: the demo, simulated backends and the load tester print for their users. */
const files = globSync(['src/**/*.ts', 'packages/*/**/*.ts'], { cwd: root }).filter(
  (file) =>
    !/\.test\.ts$|test-kit|node_modules|^src\/(?:load|backend)\/|^packages\/|^src\/cli\/(?:backend|demo|load)/.test(
      file,
    ),
)

function source(file: string): string {
  return readFileSync(join(root, file), 'utf8')
}

/** The lines of the glossary, each as its parts between values. */
const glossary = source('docs/guides/log-lines.md')
  .split('\n')
  .flatMap((row) => {
    const [, , line] = /^\| (`+) ?(.*?) ?\1 \|/.exec(row) ?? []
    return line === undefined ? [] : [line]
  })

function isListed(parts: readonly string[], lines: readonly string[] = glossary): boolean {
  return lines.some((line) => inOrder(parts, line))
}

function inOrder(parts: readonly string[], line: string): boolean {
  let at = 0
  for (const part of parts) {
    const text = part.trim()
    const found = line.indexOf(text, at)
    if (found === -1) return false
    at = found + text.length
  }
  return true
}

/** Texts of a builder: what has fewer than four words is a part of a line. */
function builtIn(file: string): readonly (readonly string[])[] {
  const all = literalsOf(source(file)).filter(({ isNested }) => !isNested)
  return all.map(({ parts }) => parts).filter((parts) => /\w(?:\W*\s\W*\w+){3}/.test(parts.join(' ')))
}

/** Whether a line, apart from its values, consists of strings of one file. */
function isWritten(line: string): boolean {
  const texts = line.split(/<[^>]*>/)
  return partsOfFiles.some((ofFile) => texts.every((text) => consistsOf(text.trim(), ofFile)))
}

/** The parts of all strings of each file. A single letter could be a part of anything. */
const partsOfFiles = files.map((file) =>
  literalsOf(source(file)).flatMap((literal) =>
    literal.parts.map((part) => part.trim()).filter((part) => part !== '' && !/^\w$/.test(part)),
  ),
)

function consistsOf(text: string, ofFile: readonly string[]): boolean {
  return (
    text === '' ||
    ofFile.some((part) => text.startsWith(part) && consistsOf(text.slice(part.length).trimStart(), ofFile))
  )
}

describe('the glossary of log lines', () => {
  it('lists every text that a log call contains', () => {
    const texts = files.flatMap((file) =>
      logCallsIn(source(file)).flatMap(({ line, texts: ofCall }) =>
        ofCall.map((parts) => ({ at: `${file}:${line}`, parts })),
      ),
    )
    assert.ok(texts.length > 30, `only ${texts.length} texts found`)
    assert.deepEqual(
      texts.filter(({ parts }) => !isListed(parts)),
      [],
    )
  })

  it('lists every text that a function builds for a log call', () => {
    const texts = [...new Set(Object.values(builders).flat())].flatMap((file) =>
      builtIn(file).map((parts) => ({ file, parts })),
    )
    assert.ok(texts.length > 12, `only ${texts.length} texts found`)
    assert.deepEqual(
      texts.filter(({ parts }) => !isListed(parts)),
      [],
    )
  })

  it('knows who builds the text of a log call without one', () => {
    const unknown = files.filter(
      (file) =>
        !(file in builders) && !relays.has(file) && logCallsIn(source(file)).some(({ texts }) => texts.length === 0),
    )
    assert.deepEqual(unknown, [])
  })

  it('lists no line that is not in the code', () => {
    assert.ok(glossary.length > 50, `only ${glossary.length} lines found`)
    assert.deepEqual(
      glossary.filter((line) => !isWritten(line)),
      [],
    )
  })

  it('would notice a line that is missing, renamed, or no longer logged', () => {
    const [call] = logCallsIn("options.log(\n  `worker ${n} has vanished ` +\n    'for good',\n  'warn',\n)")
    assert.deepEqual(call, { line: 1, texts: [['worker ', ' has vanished for good']] })
    assert.ok(!isListed(['worker ', ' has vanished for good']))
    assert.ok(
      !isListed(
        ['worker ', ' unresponsive for '],
        glossary.filter((line) => !line.includes('unresponsive')),
      ),
    )
    assert.ok(!isWritten('worker <n> has vanished for good'))
    assert.deepEqual(logCallsIn("console.log('a')\n// log('b')\nMath.log(2)\nconst c = \"log('d')\""), [])
  })
})
