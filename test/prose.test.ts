import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { findingsIn } from '../tools/prose/findings.ts'

describe('check-prose', () => {
  const planted: readonly (readonly [string, string, string, number])[] = [
    ['a comment', 'src/a.ts', 'const a = 1\n// What does not answer is left out.\n', 2],
    ['a later line of a comment', 'src/a.ts', '/**\n * Counts calls.\n * Who asks has to send a token.\n */\n', 3],
    ['a sentence over two lines', 'src/a.ts', '/**\n * The line is\n * to be read.\n */\n', 2],
    [
      'a test name',
      'src/a.test.ts',
      "  it('of 204 has no length', () => {})\n  it('Of 204 have no length', () => {})\n",
      2,
    ],
    ['a log line', 'src/a.ts', "log('the log file is opened anew')\n", 1],
    [
      'a log line with a value in front',
      'src/a.ts',
      'log(\n  `${file} was not put in force: all stays as it was`,\n)\n',
      2,
    ],
    ['a line of a long template', 'src/a.ts', 'const a = `\nThe first line.\nWho asks has to send it.\n`\n', 3],
    ['a template within a template', 'src/a.ts', 'log(`worker ${n} ${`has died: another takes its place`}`)\n', 1],
    ['a message that says "is no"', 'src/a.ts', "throw new Error('that is no delivery id')\n", 1],
    ['a description', 'src/a.ts', "  .describe('Who does not know the id cannot find it.'),\n", 1],
    ['a paragraph', 'docs/a.md', '# A\n\nThere where calls are traced.\n', 3],
    ['a table cell', 'docs/a.md', '| key | meaning |\n|---|---|\n| `a` | What comes in first |\n', 3],
    ['a comment in YAML', 'examples/a.yaml', 'a: 1 # what is told first\nb: 2 # Of both the first\n', 1],
  ]
  for (const [where, file, text, line] of planted) {
    it(`finds a phrase in ${where}`, () => {
      assert.deepEqual(findingsIn(file, text)[0]?.line, line)
    })
  }

  const plain: readonly (readonly [string, string, string])[] = [
    ['a question', 'docs/a.md', 'What does it cost?\n'],
    ['code in a document', 'docs/a.md', '```sh\n# What comes next\n```\n'],
    ['code', 'src/a.ts', 'const What = Of(So, "long")\n'],
    ['plain English', 'src/a.ts', '/** Counters never go down. */\n// A thread that times out is left out.\n'],
    ['the strings of a test', 'src/a.test.ts', "const name = 'a body that is no JSON'\n"],
    ['a regex with a quote', 'src/a.ts', "const a = /'/.test(text) ? b : c\nconst d = /'What is told now'/\n"],
    ['a string that says "is no longer"', 'src/a.ts', "log('its route is no longer configured')\n"],
    ['a file of another kind', 'a.json', '{ "a": "What is told" }\n'],
  ]
  for (const [what, file, text] of plain) {
    it(`finds nothing in ${what}`, () => assert.deepEqual(findingsIn(file, text), []))
  }
})
