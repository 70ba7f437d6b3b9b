import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser, Page } from 'playwright-core'
import type { CallListView } from '../../src/admin/api.ts'
import { root, startCommand } from '../kit/command.ts'
import { until } from '../kit/until.ts'
import { assertAccessible, openBrowser, openPage, type Site, skip } from './browser.ts'

const updates = process.env['UPDATE_SCREENSHOTS'] === '1'

/** The demo as `npm start` runs it. */
interface Demo extends Site {
  /** URL of the gateway's front. */
  readonly front: string
}

async function startDemo(t: TestContext): Promise<Demo> {
  const demo = startCommand(t, ['demo'])
  await demo.printed('Press Ctrl-C to stop.')
  const front = /Hedgerow is on (\S+);/.exec(demo.output().replaceAll('\u001b', ''))?.[1]
  const admin = /break its backends:  (http:\S+?)\/\s/.exec(demo.output())?.[1]
  assert.ok(front !== undefined && admin !== undefined, demo.output())
  return { front, url: `${admin}/`, close: async () => {} }
}

async function recorded(demo: Demo, which: 'failed' | 'slow'): Promise<CallListView['calls']> {
  const answer = await fetch(`${demo.url}api/calls?which=${which}&limit=100`)
  return ((await answer.json()) as CallListView).calls
}

function send(demo: Demo, path: string, times: number): Promise<readonly number[]> {
  return Promise.all(
    Array.from({ length: times }, async () => {
      const answer = await fetch(demo.front + path)
      await answer.arrayBuffer()
      return answer.status
    }),
  )
}

async function shoot(page: Page, name: string): Promise<void> {
  if (!updates) return
  mkdirSync(join(root, 'docs/images'), { recursive: true })
  await page.screenshot({ path: join(root, `docs/images/dashboard-${name}.png`) })
}

describe('the dashboard of the running demo', { skip }, () => {
  let browser: Browser

  before(async () => {
    browser = await openBrowser()
  })
  after(() => browser.close())

  it('lets the user break a backend, see the effect, and find the one that made a call fail', async (t) => {
    const demo = await startDemo(t)

    await t.test('paints, and tells how soon', async (t) => {
      const { page } = await openPage(t, browser, demo)
      await page.locator('.tile').first().waitFor()
      await page.reload()
      await page.locator('.tile').first().waitFor()
      const figuresMs = (await page.evaluate('performance.now()')) as number
      const paintMs = (await page.evaluate(
        "performance.getEntriesByName('first-contentful-paint')[0].startTime",
      )) as number
      t.diagnostic(`first paint after ${paintMs.toFixed(0)} ms, figures within ${figuresMs.toFixed(0)} ms`)
    })

    await t.test('shows on the overview what a broken backend does, and in the call who it was', async (t) => {
      const { page } = await openPage(t, browser, demo, 'backends')
      await page.getByRole('switch', { name: 'to work', exact: false }).first().click()
      await page.getByText('work: off.').waitFor()
      assert.deepEqual(await send(demo, '/api/work', 3), [502, 502, 502])
      await page.getByRole('link', { name: 'Overview' }).click()
      await page
        .locator('.tile', { hasText: 'Success' })
        .getByText(/[1-9]\d* failed/)
        .waitFor()
      await page.getByRole('link', { name: 'GET /api/work' }).first().click()
      await page.getByText('Why it failed').waitFor()
      assert.equal(await page.locator('.verdict p').textContent(), 'work refused the connection. The client got 502.')
      assert.match((await page.locator('.waterfall').textContent()) ?? '', /1 · workrefused the connection/)
      await page.getByRole('link', { name: 'Upstreams' }).click()
      await page.locator('.outcomes', { hasText: 'refused 3' }).waitFor()
      await page.goto(`${demo.url}#/backends`)
      await page.getByRole('button', { name: 'Reset work', exact: true }).click()
      await page.getByText('work: reset.').waitFor()
      await page.getByRole('switch', { checked: false }).nth(5).waitFor()
    })

    await t.test('draws the race of a hedged call', async (t) => {
      const isRescued = (call: CallListView['calls'][number]) =>
        call.strategy === 'hedge' &&
        call.attempts.some(({ won, number }) => won && number > 1) &&
        call.attempts.some(({ outcome }) => outcome === 'cancelled')
      await until(
        'a hedge has won',
        async () => {
          await send(demo, '/api/smart?timeout=1000', 10)
          return (await recorded(demo, 'slow')).some(isRescued)
        },
        20_000,
      )
      const call = (await recorded(demo, 'slow')).find(isRescued)
      const { page } = await openPage(t, browser, demo, `calls/${call?.id}`, { viewport: { width: 1100, height: 720 } })
      await page.locator('.waterfall .mark.won').waitFor()
      await page
        .locator('.waterfall')
        .getByText(/cancelled, as attempt [23] won/)
        .first()
        .waitFor()
      await assertAccessible(page, 'a hedged call')
      await shoot(page, 'call')
    })

    await t.test('follows a write until a backend that was away has it', async (t) => {
      const { page } = await openPage(t, browser, demo, 'backends')
      await page.getByRole('switch', { name: 'to server3', exact: false }).click()
      await page.getByText('server3: off.').waitFor()
      await fetch(`${demo.front}/register`, { method: 'POST', body: new URLSearchParams({ username: 'bob' }) })
      await page.goto(`${demo.url}#/deliveries?state=pending`)
      await page.locator('li', { hasText: 'server3' }).getByText('pending').waitFor()
      await page.goto(`${demo.url}#/backends`)
      await page.getByRole('switch', { name: 'to server3', exact: false }).click()
      await page.getByText('server3: on.').waitFor()
      await page.goto(`${demo.url}#/deliveries`)
      await page.locator('li', { hasText: 'server3' }).getByText('acknowledged').waitFor({ timeout: 20_000 })
    })

    await t.test(
      'has pictures for the guide',
      { skip: updates ? false : 'only with UPDATE_SCREENSHOTS=1' },
      async (t) => {
        const paths = [
          '/api/work',
          '/api/fixed',
          '/api/reliable',
          '/api/smart?timeout=1000',
          '/api/smart?timeout=650',
          '/api/first?timeout=1000',
          '/api/page',
          '/login',
        ]
        const over = new AbortController()
        const traffic = async (): Promise<void> => {
          for (let i = 0; !over.signal.aborted; i++) {
            void send(demo, paths[i % paths.length] as string, 1 + (i % 3)).catch(() => {})
            await sleep(45 + 15 * Math.sin(i / 150))
          }
        }
        const ended = traffic()
        await sleep(75_000)
        const { page } = await openPage(t, browser, demo, '', { viewport: { width: 1180, height: 680 } })
        await page.locator('.tile').first().waitFor()
        await sleep(1500)
        await shoot(page, 'overview')
        await page.emulateMedia({ colorScheme: 'dark' })
        await page.goto(`${demo.url}#/backends`)
        await page.getByRole('switch').first().waitFor()
        await page.mouse.move(0, 700)
        await shoot(page, 'backends')
        const failed = (await recorded(demo, 'failed')).find(
          ({ strategy, attempts, durationMs, deadlineMs = 0 }) =>
            strategy === 'hedge' && attempts.length > 2 && durationMs < deadlineMs + 20,
        )
        assert.ok(failed !== undefined)
        await page.emulateMedia({ colorScheme: 'light' })
        await page.setViewportSize({ width: 1100, height: 700 })
        await page.goto(`${demo.url}#/calls/${failed.id}`)
        await page.locator('.waterfall').waitFor()
        await page.mouse.move(0, 690)
        await shoot(page, 'failed-call')
        over.abort()
        await ended
      },
    )
  })
})
