import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { readyProfiles } from '@hedgerow/backend/profiles'
import type { Browser } from 'playwright-core'
import { openScene } from '../kit/gateway.ts'
import { openBrowser, openPage, skip } from './browser.ts'

describe('dead letters in the dashboard', { skip }, () => {
  let browser: Browser

  before(async () => {
    browser = await openBrowser()
  })
  after(() => browser.close())

  it('are replayed to a recovered backend, behind a token', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'hedgerow-browser-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const scene = openScene(t)
    const good = await scene.backend(readyProfiles.accounts(), { name: 'good' })
    const away = await scene.backend({ ...readyProfiles.accounts(), refuse: true }, { name: 'away' })
    const { gateway, url } = await scene.gateway({
      admin: { port: 0, token: 'a-token-of-the-test' },
      store: { path: join(folder, 'test.db') },
      upstreams: { accounts: { targets: { good: good.url, away: away.url } } },
      routes: [
        {
          match: 'POST /register',
          broadcast: { upstream: 'accounts', attempts: 2, backoff: { base: '10ms', jitter: '1ms' } },
        },
      ],
    })
    const body = new URLSearchParams({ username: 'bob' })
    const { status } = await fetch(`${url}/register`, { method: 'POST', body, headers: { connection: 'close' } })
    assert.equal(status, 201)
    const site = { url: `http://127.0.0.1:${gateway.admin?.address.port}/`, close: async () => {} }
    await t.test('by keyboard', async (t) => {
      const { page, allow } = await openPage(t, browser, site, 'deliveries?state=dead')
      allow(/401/)
      await page.getByLabel('Token').fill('a-token-of-the-test')
      await page.keyboard.press('Enter')
      await page.locator('li', { hasText: 'away' }).getByText('dead letter').waitFor()
      await away.patch({ refuse: false })
      await page.getByRole('button', { name: 'Replay' }).focus()
      await page.keyboard.press('Enter')
      await page.getByRole('dialog').getByRole('button', { name: 'Replay' }).click()
      await page.getByText('Sent again to away.').waitFor()
      await page.goto(`${site.url}#/deliveries`)
      await page.locator('li', { hasText: 'away' }).getByText('acknowledged').waitFor()
    })
  })
})
