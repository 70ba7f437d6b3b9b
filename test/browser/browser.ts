import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { AxeResults } from 'axe-core'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { buildWeb, isWebOlder } from '../../tools/build-web.ts'
import { root } from '../kit/command.ts'

const program = process.env['CHROMIUM'] ?? '/usr/bin/chromium'

/** Why browser tests cannot run here; a build machine without a browser must declare it. */
export const skip = existsSync(program)
  ? false
  : process.env['CI'] === undefined
    ? `NO BROWSER: ${program} is missing; install chromium, or name one in CHROMIUM`
    : false

export async function openBrowser(): Promise<Browser> {
  if (isWebOlder()) await buildWeb()
  return chromium.launch({
    executablePath: program,
    // Chromium has no sandbox for root.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  })
}

/** A page that must log no errors, and send requests only to the gateway. */
export interface Watched {
  readonly page: Page
  /** Expected console messages. */
  allow(text: RegExp): void
}

/** The server of the page; closed after the page, which logs errors when its gateway goes away. */
export interface Site {
  readonly url: string
  close(): Promise<void>
}

export async function openPage(
  t: TestContext,
  browser: Browser,
  site: Site,
  place = '',
  options: BrowserContextOptions = {},
): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  const complaints: string[] = []
  const allowed: RegExp[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error.stack)))
  page.on('request', (request) => {
    if (!request.url().startsWith(site.url)) complaints.push(`asks ${request.url()}`)
  })
  t.after(async () => {
    await context.close()
    await site.close()
    assert.deepEqual(
      complaints.filter((text) => !allowed.some((pattern) => pattern.test(text))),
      [],
      'the page has no complaint',
    )
  })
  await page.goto(`${site.url}#/${place}`)
  return { page, allow: (text) => void allowed.push(text) }
}

const axe = readFileSync(join(root, 'node_modules/axe-core/axe.min.js'), 'utf8')

/** Checks the accessibility of the page with axe-core. */
export async function assertAccessible(page: Page, what: string): Promise<void> {
  await page.evaluate(axe)
  const violations = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<AxeResults> } }
    const { violations } = await axe.run()
    return violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('; ')}`,
    )
  })
  assert.deepEqual(violations, [], what)
}

/** Checks that only tables and code, which scroll by themselves, are wider than the screen. */
export async function assertFits(page: Page, what: string): Promise<void> {
  const over = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
  assert.equal(over, 0, `${what} is ${String(over)} px too wide`)
}
