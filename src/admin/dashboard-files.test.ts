import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { dashboardFile } from './dashboard-files.ts'

function built(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-web-'))
  t.after(() => rmSync(folder, { recursive: true }))
  mkdirSync(join(folder, 'web', 'assets'), { recursive: true })
  writeFileSync(join(folder, 'secret.js'), 'not for anybody')
  const web = join(folder, 'web')
  for (const [name, content] of [
    ['index.html', '<p>'],
    ['assets/index-DkX3a91b.js', 'plain'],
    ['assets/index-DkX3a91b.js.br', 'brotli'],
    ['assets/index-DkX3a91b.js.gz', 'zipped'],
    ['assets/.hidden.js', 'hidden'],
    ['notes.txt', 'unknown type'],
  ] as const) {
    writeFileSync(join(web, name), content)
  }
  return web
}

function asking(coding?: string): IncomingMessage {
  return { headers: coding === undefined ? {} : { 'accept-encoding': coding } } as IncomingMessage
}

describe('dashboardFile', () => {
  it('serves the page at /, to be revalidated each time', async (t) => {
    const answer = await dashboardFile('/', asking(), [built(t)])
    assert.deepEqual([answer?.status, String(answer?.body)], [200, '<p>'])
    assert.equal(answer?.headers['cache-control'], 'no-cache')
    assert.match(answer?.headers['content-security-policy'] ?? '', /^default-src 'self'; /)
  })

  it('serves the precompressed file to clients that accept it, best coding first', async (t) => {
    const folders = [built(t)]
    const path = '/assets/index-DkX3a91b.js'
    for (const [taken, coding, body] of [
      ['gzip, deflate, br', 'br', 'brotli'],
      ['gzip', 'gzip', 'zipped'],
      ['br;q=0', undefined, 'plain'],
      [undefined, undefined, 'plain'],
    ] as const) {
      const answer = await dashboardFile(path, asking(taken), folders)
      assert.deepEqual([answer?.headers['content-encoding'], String(answer?.body)], [coding, body])
      assert.equal(answer?.headers['content-type'], 'text/javascript; charset=utf-8')
      assert.match(answer?.headers['cache-control'] ?? '', /immutable/)
    }
  })

  it('serves only files from the build', async (t) => {
    const folders = [built(t)]
    for (const path of [
      '/../secret.js',
      '/assets/../../secret.js',
      '/..%2fsecret.js',
      '//index.html',
      '/assets/.hidden.js',
      '/notes.txt',
      '/assets',
      '/assets/',
      '/none.js',
      '/index.html\0.js',
    ]) {
      assert.equal(await dashboardFile(path, asking(), folders), undefined, path)
    }
  })

  it('says how to build the dashboard if it is not built', async () => {
    const answer = await dashboardFile('/', asking(), ['/nowhere'])
    assert.equal(answer?.status, 404)
    assert.match(String(answer?.body), /npm run build:web/)
    assert.equal(await dashboardFile('/index.js', asking(), ['/nowhere']), undefined)
  })
})
