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

/**
 * Checks that only tables and code, which scroll by themselves, are wider than the screen, and show that they scroll;
 * that no text leaves its box, touches another label, or is broken inside a word; and that the menu has two lines at most.
 */
export async function assertFits(page: Page, what: string): Promise<void> {
  assert.deepEqual(await page.evaluate(misfits), [], what)
}

/** Runs in the page; a text, as the page has no types here. */
const misfits = `(() => {
  const found = []
  const all = (selector, within = document) => [...within.querySelectorAll(selector)]
  const nameOf = (element) => element.className + ' "' + element.textContent.slice(0, 40) + '"'
  const { scrollWidth, clientWidth } = document.documentElement
  if (scrollWidth > clientWidth) found.push('the page is ' + (scrollWidth - clientWidth) + ' px too wide')
  for (const box of all('.tile, .tile *, .card-head > *, .facts > *, .verdict, .chip, .aligned th, .aligned td')) {
    if (box.scrollWidth > box.clientWidth + 1 && box.clientWidth > 0) found.push('text leaves ' + nameOf(box))
  }
  for (const box of all('.scroller')) {
    const hides = box.scrollWidth > box.clientWidth + 1
    if (hides !== (box.parentElement.dataset.more ?? '').includes('end')) found.push('a wrong scroll hint: ' + nameOf(box))
  }
  const labels = all('.waterfall .axis text, .waterfall .deadline text').map((label) => label.getBoundingClientRect())
  for (const [i, one] of labels.entries()) {
    if (labels.slice(i + 1).some((other) => one.left < other.right && other.left < one.right)) found.push('labels overlap')
  }
  if (new Set(all('.menu a').map((link) => link.offsetTop)).size > 2) found.push('the menu has more than two lines')
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  const range = document.createRange()
  while (texts.nextNode()) {
    const text = texts.currentNode
    if (text.parentElement.closest('pre, .url, code:not(.id), .unseen, svg, script, style') !== null) continue
    for (const { index, 0: word } of text.data.matchAll(/[\\p{L}\\p{N}_]+/gu)) {
      range.setStart(text, index)
      range.setEnd(text, index + word.length)
      const lines = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)))
      if (lines.size > 1) found.push('"' + word + '" is broken')
    }
  }
  return found
})()`
