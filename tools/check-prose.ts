/**
 * Finds turns of phrase that read like a translation, in comments, test names and documents, and exits with 1 if there
 * are any. Add a pattern to `prose/patterns.ts` when a review finds another one.
 *
 *   bin/node tools/check-prose.ts [--files-only] [PATH ...]
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { findingsIn } from './prose/findings.ts'

const { values, positionals } = parseArgs({
  options: { 'files-only': { type: 'boolean', default: false } },
  allowPositionals: true,
})
const listed = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', ...positionals], {
  encoding: 'utf8',
})
const files = listed.stdout
  .split('\n')
  .filter((file) => file !== '' && !/^(?:bench\/results\/|test\/golden\/|tools\/prose\/|test\/prose\.test)/.test(file))
const found = files.flatMap((file) => findingsIn(file, readFileSync(file, 'utf8')))
const counts = new Map<string, number>()
for (const { file, line, phrase, instead } of found) {
  counts.set(file, (counts.get(file) ?? 0) + 1)
  if (!values['files-only']) console.log(`${file}:${line}  "${phrase}": ${instead}`)
}
if (values['files-only']) for (const [file, count] of counts) console.log(`${count}  ${file}`)
console.log(`prose: ${files.length} files, ${found.length} findings`)
if (found.length > 0) process.exitCode = 1
