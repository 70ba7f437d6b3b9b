import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { until } from '../kit/until.ts'
import { assertAccessible, openBrowser, openPage, skip } from './browser.ts'
import { type BadAnswer, startFakeAdmin } from './fake-admin.ts'
import { callbackCall, callFigures, hedgedCall, liveFigures, overview } from './fake-data.ts'

const loginPage: BadAnswer = { type: 'text/html', text: '<!doctype html><title>Log in</title>' }
const badAnswers: Readonly<Record<string, BadAnswer>> = {
  'half a JSON text': { type: 'application/json', text: '{"version":"1.0.0","rou' },
  'the login page of a proxy': loginPage,
  'JSON of something else': { type: 'application/json', text: '{"error":"log in"}' },
  'a body that is cut off': { type: 'application/json', text: '{"version":', isCut: true },
}

async function setHidden(page: Page, isHidden: boolean): Promise<void> {
  await page.evaluate(
    `Object.defineProperty(document, 'hidden', { value: ${isHidden}, configurable: true }); document.dispatchEvent(new Event('visibilitychange'))`,
  )
}

describe('the dashboard with bad answers', { skip }, () => {
  let browser: Browser

  before(async () => {
    browser = await openBrowser()
  })
  after(() => browser.close())

  for (const [what, answer] of Object.entries(badAnswers)) {
    it(`shows a lost connection, and recovers by itself: ${what} for the overview`, async (t) => {
      const admin = await startFakeAdmin()
      admin.bad.set('/api/overview', answer)
      const { page, allow } = await openPage(t, browser, admin)
      allow(/ERR_/)
      await page.locator('.banner').waitFor()
      await page.locator('.connection.lost').waitFor()
      admin.bad.clear()
      await page.locator('.connection.live').waitFor()
      assert.equal(await page.locator('.banner').count(), 0)
    })
  }

  it('shows a lost connection if another server answers for the stream', async (t) => {
    const admin = await startFakeAdmin()
    admin.bad.set('/api/live', loginPage)
    const { page } = await openPage(t, browser, admin)
    await page.getByText("The answer is not the gateway's").waitFor()
    await assertAccessible(page, 'lost')
    admin.bad.clear()
    await page.locator('.connection.live').waitFor()
  })

  for (const data of ['{"at":', '{"at":"2026-03-01T10:00:00.000Z"}']) {
    it(`closes a stream with an unreadable event, and opens another: ${data}`, async (t) => {
      const admin = await startFakeAdmin()
      const { page } = await openPage(t, browser, admin)
      await page.locator('.connection.live').waitFor()
      await until('the stream is open', () => admin.streams().open === 1)
      admin.sendText(`event: figures\ndata: ${data}\n\n`)
      await page.locator('.connection.lost').waitFor()
      await until('the stream is closed', () => admin.streams().open === 0)
      await until('another one is open', () => admin.streams().opened === 2)
      await page.locator('.connection.live').waitFor()
      admin.send(liveFigures(101, { total: callFigures({ inFlight: 1234 }) }))
      await page.getByText('1,234 in flight').waitFor()
    })
  }

  it('is not live if the figures stop while the stream stays open', async (t) => {
    const admin = await startFakeAdmin()
    const { page } = await openPage(t, browser, admin)
    await page.locator('.connection.live').waitFor()
    const timer = setInterval(() => admin.sendText(': still here\n\n'), 500)
    t.after(() => clearInterval(timer))
    await page.locator('.connection.lost').waitFor()
  })

  it('marks stale data, and reloads it by itself', async (t) => {
    const admin = await startFakeAdmin()
    const { page, allow } = await openPage(t, browser, admin, 'upstreams')
    allow(/ERR_/)
    await page.getByText('No upstream is configured').waitFor()
    for (const answer of Object.values(badAnswers).filter(({ text }) => text !== '{"error":"log in"}')) {
      admin.bad.set('/api/upstreams', answer)
      await page.getByText('it could not be loaded again').waitFor()
      assert.ok(await page.getByText('No upstream is configured').isVisible())
      admin.bad.clear()
      await page.getByText('it could not be loaded again').waitFor({ state: 'detached' })
    }
  })

  it('retries data that is loaded once, until it arrives', async (t) => {
    const admin = await startFakeAdmin()
    admin.bad.set('/api/config', loginPage)
    const { page } = await openPage(t, browser, admin, 'config')
    await page.getByText('This could not be loaded.').waitFor()
    admin.bad.clear()
    await page.getByText('routes: []').waitFor()
  })

  it('keeps its other pages if one cannot be drawn', async (t) => {
    const admin = await startFakeAdmin()
    admin.bad.set('/api/upstreams', { type: 'application/json', text: '{"error":"log in"}' })
    const { page, allow } = await openPage(t, browser, admin, 'upstreams')
    allow(/TypeError/)
    await page.getByText('This page could not be drawn.').waitFor()
    await assertAccessible(page, 'a page that cannot be drawn')
    admin.bad.clear()
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByText('No upstream is configured').waitFor()
  })

  it('loads a page opened in a background tab once it becomes visible', async (t) => {
    const admin = await startFakeAdmin()
    admin.answers.set('/api/calls/hedged-1', hedgedCall)
    for (const [place, text] of [
      ['calls/hedged-1', '(attempt 2, a hedge)'],
      ['config', 'routes: []'],
    ] as const) {
      const { page } = await openPage(t, browser, { ...admin, close: async () => {} }, place)
      await page.addInitScript("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
      await page.reload()
      await page.getByText('Loading …').waitFor()
      await setHidden(page, false)
      await page.getByText(text).waitFor()
    }
    t.after(() => admin.close())
  })

  it('rejects a token with characters beyond ASCII, and asks for another', async (t) => {
    const admin = await startFakeAdmin()
    admin.token = 'open-sesame'
    const { page, allow } = await openPage(t, browser, admin)
    allow(/401/)
    await page.getByLabel('Token').fill('five-€')
    await page.keyboard.press('Enter')
    await page.getByText('This cannot be the token').waitFor()
    await page.getByLabel('Token').fill('open-sesame')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
  })

  it('shows how long a callback call waited for a result that did not come', async (t) => {
    const admin = await startFakeAdmin()
    admin.answers.set('/api/calls/callback-1', callbackCall)
    const { page } = await openPage(t, browser, admin, 'calls/callback-1')
    const wait = page.locator('.waterfall .bar.wait')
    await wait.waitFor()
    assert.equal(await wait.textContent(), 'waited for its resultnone came within 4999 ms')
    const [attempt, bar] = [page.locator('.waterfall .bar rect').first(), wait.locator('rect')]
    const [from, to] = [await attempt.boundingBox(), await bar.boundingBox()]
    assert.ok(from !== null && to !== null && to.width > 50 * from.width, `${from?.width} px, then ${to?.width} px`)
    await assertAccessible(page, 'a callback call')
  })

  it('labels figures by what they count, and their time span', async (t) => {
    const admin = await startFakeAdmin()
    const figures = liveFigures(1, { deliveries: { pending: 12, dead: 0 } })
    admin.overview = overview({
      figures,
      routes: [{ name: 'GET /x', strategy: 'hedge', upstreams: [] }],
    })
    admin.answers.set('/api/backends', {
      backends: [{ name: 'work', url: 'http://w', profile: { refuse: false, endpoints: {} }, stats: {} }],
    })
    const { page } = await openPage(t, browser, admin)
    assert.match((await page.locator('.tile', { hasText: 'Deliveries' }).textContent()) ?? '', /12\s*sends pending/)
    await page.goto(`${admin.url}#/routes`)
    await page.getByText('p99 (10 s)').waitFor()
    await page.goto(`${admin.url}#/backends`)
    await page.getByRole('button', { name: 'Reset work' }).waitFor()
  })
})
