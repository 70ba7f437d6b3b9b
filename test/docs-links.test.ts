import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, it } from 'node:test'

const root = join(import.meta.dirname, '..')
const pages = ['*.md', 'docs/**/*.md'].flatMap((pattern) => globSync(pattern, { cwd: root }))

/** Links to files and headings that are missing, and missing files that the text names. `page` is relative to the root. */
function brokenIn(page: string, text: string): readonly string[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, '')
  const links = [...prose.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].flatMap(
    ([link, path = '', heading]) => {
      const target = path === '' ? page : relative(root, join(root, dirname(page), path))
      if (!existsSync(join(root, target))) return [link]
      const isFound = heading === undefined || anchorsOf(target === page ? text : read(target)).has(heading)
      return isFound ? [] : [link]
    },
  )
  const named = [
    ...text.matchAll(/(?<=[`\s])(?:src|test|bench|tools|examples|packages|web|docs)\/[\w./-]+\.(?:ts|md|yaml)\b/g),
  ]
  return [...links, ...named.map(([path]) => path).filter((path) => !existsSync(join(root, path)))]
}

/** GitHub's anchors of headings, and explicit ones. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
  return new Set([...headings, ...[...text.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id)])
}

function read(page: string): string {
  return readFileSync(join(root, page), 'utf8')
}

describe('links in the documents', () => {
  for (const page of pages) {
    it(`lead somewhere in ${page}`, () => assert.deepEqual(brokenIn(page, read(page)), []))
  }

  it('are found broken if a file, a heading or a named file is missing', () => {
    const text = '# One\n\n[a](missing.md) [b](SECURITY.md#missing) [c](#two) [d](#one) `src/missing.ts`\n'
    assert.deepEqual(brokenIn('README.md', text), [
      '](missing.md)',
      '](SECURITY.md#missing)',
      '](#two)',
      'src/missing.ts',
    ])
  })
})
