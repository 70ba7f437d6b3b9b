import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { type Browser, chromium } from 'playwright-core'
import { startCommand } from '../kit/command.ts'
import { until } from '../kit/until.ts'
import { startTarget } from './target.ts'

const program = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
// A build machine without a browser must fail, not pass.
const skip =
  !existsSync(program) && process.env['CI'] === undefined
    ? `NO BROWSER: ${program} is missing; install chromium, or name one in CHROMIUM`
    : false

describe('the web page of the load tester', { skip }, () => {
  let browser: Browser

  before(async () => {
    browser = await chromium.launch({ executablePath: program, args: ['--no-sandbox'] })
  })

  after(() => browser.close())

  it('starts, changes and stops a load, draws it, and offers the report', async (t) => {
    const target = await startTarget(t, (number, _request, response) => {
      response.writeHead(number % 10 === 0 ? 500 : 200).end('x')
    })
    const running = startCommand(t, ['load', '--web', '0', '--rate', '50', `${target.url}/<b>`])
    await running.printed(/is on (\S+);/)
    const url = /is on (\S+);/.exec(running.errors())?.[1] as string
    const page = await browser.newPage()
    t.after(() => page.close())
    const complaints: string[] = []
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('request', (request) => !request.url().startsWith(url) && complaints.push(`asks ${request.url()}`))
    await page.goto(url)

    await page.getByText('ready').waitFor()
    assert.equal(await page.locator('#target').textContent(), `GET ${target.url}/<b>`)
    assert.equal(await page.locator('#value').inputValue(), '50')
    assert.equal(await page.locator('#change').isDisabled(), true)
    await page.locator('#value').fill('100')
    await page.locator('#start').click()
    await page.getByText('running: 100 requests/s').waitFor()
    await page.locator('#value').fill('40')
    await page.locator('#change').click()
    await page.getByText('running: 40 requests/s').waitFor()
    await until(
      'the charts have lines',
      async () => /L/.test((await page.locator('#rate path.s0').getAttribute('d')) ?? ''),
      8000,
    )
    await page.locator('#stop').click()
    await page.locator('#state', { hasText: 'stopped' }).waitFor()
    assert.equal(await page.locator('#report').isVisible(), true)
    const figure = async (name: string): Promise<number> =>
      Number((await page.locator(`#figures div:has(dt:text-is("${name}")) dd`).textContent())?.replaceAll(',', ''))
    assert.equal(await figure('sent'), target.seen())
    assert.equal((await figure('completed')) + (await figure('failed by status')), target.seen())
    assert.ok((await figure('failed by status')) > 0)
    assert.deepEqual(complaints, [])

    await page.goto(`${url}report.html`)
    assert.equal(await page.locator('svg').count(), 4)
    assert.deepEqual(complaints, [])
    running.process.kill('SIGINT')
    assert.equal((await running.ended).code, 0)
  })
})
