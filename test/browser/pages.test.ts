import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { bundleBytes, maxBundleBytes } from '../../tools/build-web.ts'
import { until } from '../kit/until.ts'
import { assertAccessible, assertFits, openBrowser, openPage, skip } from './browser.ts'
import { type FakeAdmin, startFakeAdmin } from './fake-admin.ts'
import {
  attempt,
  call,
  callFigures,
  delivery,
  failedCall,
  hedgedCall,
  isoAt,
  leg,
  liveFigures,
  overview,
} from './fake-data.ts'

/** Data for every element of every page. */
function fill(admin: FakeAdmin): void {
  const total = callFigures({
    calls: 40,
    failed: 3,
    p50Ms: 120,
    p99Ms: 4992,
    attempts: 50,
    extraLoad: 1.1326,
    rescued: 4,
    failures: { DEADLINE: 3 },
  })
  const outcomes = {
    success: 20,
    timeout: 2,
    refused: 3,
    reset: 1,
    server_error: 5,
    client_error: 1,
    rate_limited: 2,
    invalid: 1,
    cancelled: 9,
  }
  const target = {
    upstream: 'accounts',
    target: 'server1',
    inFlight: 2,
    attempts: 44,
    outcomes,
    p50Ms: 120,
    p99Ms: 480,
  }
  const figures = liveFigures(100, {
    total,
    routes: { 'GET /api/smart': total },
    targets: [target],
    deliveries: { pending: 123_456, dead: 1 },
    waiters: 1,
    process: { memoryBytes: 1_620_000_000, loopDelayMs: 4992, clientConnections: 12_345 },
  })
  admin.overview = overview({
    routes: [
      { name: 'GET /api/smart', strategy: 'hedge', upstreams: ['work'] },
      { name: 'POST /register', strategy: 'broadcast', upstreams: ['accounts'] },
    ],
    figures,
    history: Array.from({ length: 100 }, (_, second) =>
      liveFigures(second, { total, routes: figures.routes, targets: figures.targets }),
    ),
  })
  const pending = delivery({
    id: 'delivery-2',
    state: 'pending',
    targets: [leg('server1', 'pending', { waitsFor: 'time', nextAttemptAt: isoAt(0) }), leg('server2', 'discarded')],
  })
  const fixed = {
    latency: { kind: 'fixed', ms: 20 },
    status: { '201': 1 },
    faults: { hangAfterAccept: 0, resetBeforeHead: 0 },
  }
  const answers: Readonly<Record<string, object>> = {
    '/api/calls': { calls: [failedCall, hedgedCall] },
    '/api/calls/failed-1': failedCall,
    '/api/calls/hedged-1': hedgedCall,
    '/api/limits': {
      whole: { limit: 500, inFlight: 12, queued: 0 },
      routes: [
        {
          route: 'GET /api/smart',
          rate: '100 in 1s, 20 at once, by client',
          concurrency: { limit: 50, inFlight: 12, queued: 3 },
          shed: { rate: 7, full: 2, waited: 0, displaced: 0, memory: 0 },
        },
      ],
    },
    '/api/upstreams': {
      upstreams: [
        {
          name: 'accounts',
          balance: 'round-robin',
          panicking: true,
          connections: { open: 3, idle: 1 },
          targets: [
            {
              name: 'server1',
              origin: 'http://127.0.0.1:9111',
              weight: 1,
              inFlight: 2,
              attempts: 4400,
              outcomes,
              lastMinute: { attempts: 1200, outcomes: { success: 1200 } },
              p50Ms: 120,
              p99Ms: 480,
              ewmaMs: 95,
              available: false,
              out: [{ why: 'ejected', until: isoAt(20_000) }],
              breaker: 'half_open',
              lastCheck: { at: isoAt(0), good: false, detail: 'status 500' },
              lastFailure: { at: isoAt(0), detail: 'server1 answered 500' },
            },
          ],
        },
      ],
    },
    '/api/deliveries': { deliveries: [delivery(), pending], next: 7 },
    '/api/deliveries/delivery-1': delivery(),
    '/api/deliveries/delivery-1/replay': { id: 'delivery-1', replayed: 1 },
    '/api/waiters': {
      open: 1,
      waiters: [{ id: 'w1', route: 'GET /slow', state: 'acknowledged', startedAt: isoAt(0), expiresAt: isoAt(5000) }],
    },
    '/api/tickets': {
      kept: 1,
      bytes: 2048,
      tickets: [
        { id: 't1', route: 'GET /slow', state: 'ready', createdAt: isoAt(0), expiresAt: isoAt(600_000), bytes: 2048 },
      ],
    },
    '/api/backends': {
      backends: [
        {
          name: 'server1',
          url: 'http://127.0.0.1:9111',
          profile: { refuse: false, skip: { every: 5, status: 500 }, endpoints: { 'POST /register': fixed } },
          stats: { requests: 10 },
        },
      ],
    },
    '/api/backends/server1': {},
    '/api/config': { yaml: 'routes:\n  - match: GET /api/smart\n', config: {} },
  }
  for (const [path, answer] of Object.entries(answers)) admin.answers.set(path, answer)
}

const places = [
  '',
  'routes',
  'upstreams',
  'calls',
  'calls?which=slow',
  'calls/failed-1',
  'calls/hedged-1',
  'deliveries',
  'deliveries/delivery-1',
  'waiters',
  'backends',
  'config',
  'elsewhere',
]

/** The previous page is gone, and this one has loaded its data. */
async function show(page: Page, url: string): Promise<void> {
  await page.goto(url)
  await drawn(page)
  await until('all is loaded', async () => (await page.getByText('Loading …').count()) === 0)
  await page.waitForSelector('h1')
  await drawn(page)
}

/** Two frames: elements that follow a change of size are drawn in the second. */
async function drawn(page: Page): Promise<void> {
  await page.evaluate('new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))')
}

describe('the dashboard in a browser', { skip }, () => {
  let browser: Browser

  before(async () => {
    browser = await openBrowser()
  })
  after(() => browser.close())

  // Every colour scheme and every layout once: all pairs cost twice the time, and found nothing more.
  for (const [colorScheme, width] of [
    ['light', 1280],
    ['dark', 400],
  ] as const) {
    it(`is accessible and fits the screen on every page, ${colorScheme}, ${width} px wide`, async (t) => {
      const admin = await startFakeAdmin()
      fill(admin)
      const { page } = await openPage(t, browser, admin, '', { colorScheme, viewport: { width, height: 740 } })
      for (const place of places) {
        await show(page, `${admin.url}#/${place}`)
        await assertAccessible(page, `#/${place}`)
        await assertFits(page, `#/${place}`)
      }
    })
  }

  it('fits the screen on every page, 360 and 1000 px wide', async (t) => {
    const admin = await startFakeAdmin()
    fill(admin)
    const { page } = await openPage(t, browser, admin)
    for (const place of places) {
      await show(page, `${admin.url}#/${place}`)
      for (const width of [1000, 360]) {
        await page.setViewportSize({ width, height: 740 })
        await drawn(page)
        await assertFits(page, `#/${place}, ${width} px wide`)
      }
    }
  })

  it('fits a narrow screen although routes have long names', async (t) => {
    const admin = await startFakeAdmin()
    fill(admin)
    const end = 'long-'.repeat(60)
    const routes = admin.overview.routes.map((route) => ({ ...route, name: `${route.name}/${end}` }))
    admin.overview = { ...admin.overview, routes }
    const { page } = await openPage(t, browser, admin, '', { viewport: { width: 400, height: 740 } })
    for (const place of ['calls', 'deliveries']) {
      await show(page, `${admin.url}#/${place}`)
      await page.locator('select option', { hasText: end }).first().waitFor({ state: 'attached' })
      await assertFits(page, `#/${place}`)
    }
  })

  it('explains on empty pages what would fill them', async (t) => {
    const admin = await startFakeAdmin()
    const { page } = await openPage(t, browser, admin)
    const texts = {
      '': 'No call has failed',
      upstreams: 'No upstream is configured',
      calls: 'No failed call is recorded',
      'calls?which=slow': 'No call is recorded yet',
      deliveries: 'There is no delivery yet',
      waiters: 'No call is waiting',
    }
    for (const [place, text] of Object.entries(texts)) {
      await page.goto(`${admin.url}#/${place}`)
      await page.getByText(text).waitFor()
      await assertAccessible(page, `#/${place}, empty`)
    }
  })

  it('shows which backend made a call fail, and why', async (t) => {
    const admin = await startFakeAdmin()
    fill(admin)
    const { page } = await openPage(t, browser, admin, 'calls/failed-1')
    assert.equal(
      await page.locator('.verdict p').textContent(),
      'No good answer within the 1000 ms deadline (3 attempts: 1 first, 2 hedges): ' +
        'server1 answered 500, server2 refused the connection, server3 did not answer. The client got 504.',
    )
    assert.match((await page.locator('.waterfall svg').textContent()) ?? '', /deadline 1000 ms/)
  })

  it('gives each target and each reason of a call once', async (t) => {
    const admin = await startFakeAdmin()
    const refused = {
      target: 'work',
      outcome: 'refused',
      status: undefined,
      detail: 'work: connection refused',
    } as const
    const failure = { code: 'UPSTREAM_REFUSED', detail: 'work: connection refused' } as const
    const failed = call({ id: 'refused-1', status: 502, failure, attempts: [attempt(1, refused)] })
    admin.answers.set('/api/calls/refused-1', failed)
    const { page } = await openPage(t, browser, admin, 'calls/refused-1')
    await page.locator('.verdict').waitFor()
    const row = await page.locator('tbody tr').allInnerTexts()
    assert.deepEqual(
      row.map((text) => text.split(/\s+/).join(' ')),
      ['1 first work 0 ms 100 ms refused'],
    )
    assert.equal(await page.getByText('connection refused').count(), 0)
  })

  it('draws each recorded call as a small race', async (t) => {
    const admin = await startFakeAdmin()
    fill(admin)
    const { page } = await openPage(t, browser, admin, 'calls')
    await page.locator('td .small-race').first().waitFor()
    assert.equal(await page.locator('td .small-race').first().locator('rect').count(), 3)
    assert.equal(await page.locator('td .small-race rect.won').count(), 1)
  })

  it('lists calls in pages, and leaves the later ones as they are', async (t) => {
    const admin = await startFakeAdmin()
    fill(admin)
    const calls = Array.from({ length: 60 }, (_, i) => call({ id: `call-${i}`, url: `/number/${i}` }))
    admin.answers.set('/api/calls', { calls })
    const { page } = await openPage(t, browser, admin, 'calls')
    await page.getByRole('link', { name: 'GET /number/24' }).waitFor()
    assert.equal(await page.getByRole('link', { name: 'GET /number/25' }).count(), 0)
    await page.getByRole('link', { name: 'Next page' }).click()
    await page.getByRole('link', { name: 'GET /number/49' }).waitFor()
    assert.equal(await page.getByRole('link', { name: 'GET /number/24' }).count(), 0)
    await page.getByRole('link', { name: 'Next page' }).click()
    await page.getByRole('link', { name: 'GET /number/59' }).waitFor()
    assert.equal(await page.getByRole('link', { name: 'Next page' }).count(), 0)
    await page.getByRole('link', { name: 'First page' }).click()
    await page.getByRole('link', { name: 'GET /number/0' }).waitFor()
  })

  it('explains a word on keyboard focus and on touch, and closes the explanation', async (t) => {
    const admin = await startFakeAdmin()
    fill(admin)
    const { page } = await openPage(t, browser, admin, '', { hasTouch: true })
    const word = page.locator('.tile').getByRole('button', { name: 'Rescued' })
    const tip = page.getByRole('tooltip').getByText('answered by an attempt other than the first')
    await word.waitFor()
    assert.equal(await tip.isVisible(), false)
    const before = page.locator('.tile').getByRole('button', { name: 'Extra load' })
    await before.focus()
    await page.keyboard.press('Tab')
    await tip.waitFor()
    await assertAccessible(page, 'an open explanation')
    await page.keyboard.press('Escape')
    await tip.waitFor({ state: 'hidden' })
    await word.tap()
    await tip.waitFor()
    await page.locator('h1').tap()
    await tip.waitFor({ state: 'hidden' })
  })

  it('draws all counts of a target from the same moment', async (t) => {
    const admin = await startFakeAdmin()
    fill(admin)
    const { page } = await openPage(t, browser, admin, 'upstreams')
    await page.locator('.connection.live').waitFor()
    await page.getByRole('cell', { name: '4,400' }).waitFor()
    await page.evaluate(`
      globalThis.seen = new Set()
      const look = () => seen.add(document.querySelector('tbody tr').innerText.match(/success [\\d,]+|4,4\\d\\d/g).join())
      look()
      new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true })
    `)
    const [target] = admin.overview.figures.targets
    assert.ok(target !== undefined)
    // The stream is ahead of the list of targets.
    admin.send(liveFigures(101, { targets: [{ ...target, attempts: 9, outcomes: { success: 9 } }] }))
    const text = JSON.stringify(admin.answers.get('/api/upstreams'))
      .replace('"attempts":4400', '"attempts":4409')
      .replaceAll('1200', '1189')
    admin.answers.set('/api/upstreams', JSON.parse(text) as object)
    await page.getByRole('cell', { name: '4,409' }).waitFor()
    assert.deepEqual(await page.evaluate('[...seen]'), ['success 1,200,4,400', 'success 1,189,4,409'])
  })

  it('says that a waiter is past its deadline', async (t) => {
    const admin = await startFakeAdmin()
    fill(admin)
    const { page } = await openPage(t, browser, admin, 'waiters')
    await page.getByText('past its deadline').waitFor()
    assert.equal(await page.getByText('acknowledged by the backend').count(), 0)
  })

  it('copies the configuration', async (t) => {
    const admin = await startFakeAdmin()
    fill(admin)
    const { page } = await openPage(t, browser, admin, 'config', {
      permissions: ['clipboard-read', 'clipboard-write'],
    })
    await page.getByRole('button', { name: 'Copy the configuration' }).click()
    await page.getByText('Copied').waitFor()
    assert.equal(await page.evaluate('navigator.clipboard.readText()'), 'routes:\n  - match: GET /api/smart\n')
  })

  it('shows how many workers run, of how many, and how many have died', async (t) => {
    const admin = await startFakeAdmin()
    fill(admin)
    admin.overview = { ...admin.overview, workers: { min: 2, max: 4 } }
    const { page } = await openPage(t, browser, admin)
    const tile = page.locator('.tile', { hasText: 'Workers' })
    await page.locator('.connection.live').waitFor()
    admin.send(liveFigures(101, { workers: { running: 3, died: 1 } }))
    await tile.getByText('of 2 to 4 threads, 1 died').waitFor()
    assert.equal(await tile.locator('.value').textContent(), '3')
    admin.send(liveFigures(102, { workers: { running: 1, died: 3 } }))
    await tile.locator('.note.bad').getByText('3 died').waitFor()
  })

  it('shows the latency that a balancer uses, and has no column for it otherwise', async (t) => {
    const admin = await startFakeAdmin()
    fill(admin)
    const { page } = await openPage(t, browser, admin, 'upstreams')
    const column = page.getByRole('columnheader', { name: 'EWMA' })
    await column.waitFor()
    await page.getByRole('cell', { name: '95 ms' }).waitFor()
    const text = JSON.stringify(admin.answers.get('/api/upstreams')).replace('"ewmaMs":95,', '')
    admin.answers.set('/api/upstreams', JSON.parse(text) as object)
    await column.waitFor({ state: 'detached' })
  })

  it('shows the race of a hedged call: the winner, and the attempt cancelled for it', async (t) => {
    const admin = await startFakeAdmin()
    fill(admin)
    const { page } = await openPage(t, browser, admin, 'calls/hedged-1')
    await page.locator('.waterfall').waitFor()
    const bars = await page.locator('.waterfall .bar').allTextContents()
    assert.deepEqual(bars, [
      '1 · server1cancelled, as attempt 2 won',
      '2 · hedge → server2answered 200 after 120 ms, won',
      '3 · hedge → server3cancelled, as attempt 2 won',
    ])
    assert.equal(await page.locator('.waterfall .mark.won').count(), 1)
  })

  it('shows hostile text as text', async (t) => {
    const admin = await startFakeAdmin()
    fill(admin)
    const url = '/<img src=x onerror=alert(1)>?q="><script>alert(1)</script>'
    admin.answers.set(
      '/api/calls/evil',
      call({ id: 'evil', url, status: 502, failure: { code: 'UPSTREAM_INVALID', detail: '<b>no</b>' } }),
    )
    const { page } = await openPage(t, browser, admin, 'calls/evil')
    await page.getByText(url).waitFor()
    await page.goto(`${admin.url}#/deliveries/delivery-1`)
    await page.getByText('<script>alert(1)</script>').waitFor()
  })

  it('asks for the token, keeps it for the tab, and asks again when it is no longer valid', async (t) => {
    const admin = await startFakeAdmin()
    fill(admin)
    admin.token = 'open-sesame'
    const { page, allow } = await openPage(t, browser, admin)
    allow(/401/)
    await page.getByLabel('Token').fill('wrong')
    await assertAccessible(page, 'login')
    await page.keyboard.press('Enter')
    await page.getByText('This is not the token').waitFor()
    await page.getByLabel('Token').fill('open-sesame')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    await page.reload()
    await page.locator('.connection.live').waitFor()
    admin.token = 'changed'
    await page.goto(`${admin.url}#/config`)
    await page.getByText('no longer valid').waitFor()
  })

  it('reports a lost stream, keeps its data, and recovers by itself', async (t) => {
    const admin = await startFakeAdmin()
    fill(admin)
    const { page, allow } = await openPage(t, browser, admin, 'routes')
    allow(/ERR_/)
    await page.locator('.connection.live').waitFor()
    admin.goAway()
    await page.getByText('The gateway does not answer.').waitFor()
    await page.getByText('DEADLINE ×').waitFor()
    await assertAccessible(page, 'lost')
    admin.comeBack()
    await page.getByRole('button', { name: 'Try now' }).click()
    await page.locator('.connection.live').waitFor()
    assert.equal(await page.locator('.banner').count(), 0)
  })

  it('draws the data of a single stream, which is closed while the page is hidden', async (t) => {
    const admin = await startFakeAdmin()
    fill(admin)
    const { page } = await openPage(t, browser, admin)
    await until('the stream is open', () => admin.streams().open === 1)
    admin.send(liveFigures(101, { total: callFigures({ calls: 7, inFlight: 1234 }) }))
    await page.getByText('1,234 in flight').waitFor()
    assert.equal(admin.streams().opened, 1)
    const hide = (hidden: boolean) =>
      page.evaluate(
        `Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true }); document.dispatchEvent(new Event('visibilitychange'))`,
      )
    await hide(true)
    await until('the stream is closed', () => admin.streams().open === 0)
    await hide(false)
    await until('the stream is open again', () => admin.streams().open === 1)
  })

  it('replays a dead letter only after confirmation, by keyboard alone', async (t) => {
    const admin = await startFakeAdmin()
    fill(admin)
    const { page } = await openPage(t, browser, admin, 'deliveries')
    const replay = page.getByRole('button', { name: 'Replay delivery delivery-1' })
    await replay.focus()
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    await assertAccessible(page, 'the question')
    await page.keyboard.press('Escape')
    assert.equal(await page.getByRole('dialog').count(), 0)
    assert.deepEqual(admin.changes, [])
    await replay.click()
    await page.getByRole('dialog').getByRole('button', { name: 'Replay' }).click()
    await page.getByText('Sent again to server2.').waitFor()
    assert.deepEqual(admin.changes, ['POST /api/deliveries/delivery-1/replay'])
  })

  it('explains why an action failed', async (t) => {
    const admin = await startFakeAdmin()
    fill(admin)
    admin.answers.set('/api/deliveries/delivery-1/discard', 409)
    const { page, allow } = await openPage(t, browser, admin, 'deliveries/delivery-1')
    allow(/409/)
    await page.getByRole('button', { name: 'Discard to server2' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Discard' }).click()
    await page.getByText('There is no /api/deliveries/delivery-1/discard here').waitFor()
  })

  it('turns a backend off, and slows it down by the arrow keys', async (t) => {
    const admin = await startFakeAdmin()
    fill(admin)
    const { page } = await openPage(t, browser, admin, 'backends')
    await page.getByRole('switch').click()
    await page.getByText('server1: off.').waitFor()
    await page.getByRole('slider', { name: 'Latency of server1' }).focus()
    await page.keyboard.press('ArrowRight')
    await page.getByText(/server1: latency \d+ ms/).waitFor()
    assert.deepEqual(admin.changes, [
      'PATCH /api/backends/server1 {"refuse":true}',
      'PATCH /api/backends/server1 {"endpoints":{"POST /register":{"latency":{"kind":"fixed","ms":50}}}}',
    ])
  })

  it('has a skip link, shows the focus, and keeps the chosen theme', async (t) => {
    const admin = await startFakeAdmin()
    const { page } = await openPage(t, browser, admin)
    await page.waitForSelector('h1')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    assert.equal(await page.evaluate('document.activeElement.id'), 'main')
    await page.getByLabel('Theme').selectOption('Dark')
    await page.reload()
    assert.equal(await page.evaluate('getComputedStyle(document.documentElement).colorScheme'), 'dark')
  })

  it('is tested by checks that can fail', async (t) => {
    const admin = await startFakeAdmin()
    fill(admin)
    const { page } = await openPage(t, browser, admin)
    await page.waitForSelector('.tile')
    await page.evaluate("document.querySelector('main').append(document.createElement('button'))")
    await assert.rejects(assertAccessible(page, 'a button without a name'), /button-name/)
    await page.evaluate("document.querySelector('main').style.width = '3000px'")
    await assert.rejects(assertFits(page, 'a wide page'), /too wide/)
    await page.evaluate("document.querySelector('main').style.width = ''")
    await assertFits(page, 'as before')
    for (const [change, complaint] of [
      ["document.querySelector('.tile .value').textContent = '1234567890'.repeat(3)", /text leaves value/],
      ["document.querySelector('h1').style.cssText = 'width: 40px; overflow-wrap: anywhere'", /"Overview" is broken/],
      ["document.querySelector('.menu ul').style.width = '150px'", /more than two lines/],
      ["document.querySelector('.table').dataset.more = 'end'", /scroll hint/],
    ] as const) {
      await page.evaluate(change)
      await assert.rejects(assertFits(page, change), complaint)
      await page.reload()
      await page.waitForSelector('.tile')
    }
  })

  it('is small', () => {
    const bytes = bundleBytes()
    assert.ok(bytes > 1000 && bytes <= maxBundleBytes, `${bytes} bytes compressed`)
  })
})
