import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { readyProfiles } from '@hedgerow/backend/profiles'
import { ask } from '../kit/ask.ts'
import { startBackend } from '../kit/backend.ts'
import { startCommand } from '../kit/command.ts'
import { until } from '../kit/until.ts'

/** Runs `hedgerow serve` with an access log, sends three requests, and ends it. */
async function served(t: TestContext, ...options: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-log-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const backend = await startBackend({ profile: readyProfiles['work-fixed'](), port: 0 })
  t.after(() => backend.close())
  const file = join(folder, 'hedgerow.yaml')
  writeFileSync(
    file,
    `listen: { port: 0, maxConnections: 100 }
admin: { port: 0 }
telemetry: { log: { access: true } }
upstreams: { w: { targets: { work: '${backend.url}' } } }
routes: [{ match: 'GET /*', forward: { upstream: w, path: /api/work } }]
`,
  )
  const logFile = join(folder, 'log')
  const running = startCommand(t, ['serve', ...options.map((option) => option.replace('LOG', logFile)), file])
  return { running, logFile }
}

async function askAndEnd(running: ReturnType<typeof startCommand>, url: string): Promise<string> {
  for (const path of ['/a?token=s3cret', '/%1b[2J', '/']) assert.equal((await ask(url + path)).status, 200)
  running.process.kill('SIGTERM')
  const { code, errors } = await running.ended
  assert.equal(code, 0)
  return errors
}

const frontUrl = /on (http:\S+),/

describe('the log of hedgerow serve', () => {
  it('is JSON lines on stderr: its own, and one for each call', async (t) => {
    const { running } = await served(t)
    await running.printed(frontUrl)
    const errors = await askAndEnd(running, frontUrl.exec(running.errors())?.[1] ?? '')
    const lines = errors
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    for (const line of lines) {
      assert.equal(line['level'], 'info')
      assert.match(String(line['time']), /^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/)
    }
    assert.deepEqual(
      lines.map(({ msg, url }) => url ?? String(msg).slice(0, 7)),
      ['hedgero', '/a?token=***', '/%1b[2J', '/', 'SIGTERM', 'ended'],
    )
  })

  it('is human-readable with --pretty', async (t) => {
    const { running } = await served(t, '--pretty')
    await running.printed(frontUrl)
    const errors = await askAndEnd(running, frontUrl.exec(running.errors())?.[1] ?? '')
    assert.match(errors, /INFO: GET \/a\?token=\*\*\* 200 \d+ ms \(work first won \d+ ms\)\n/)
    assert.ok(!errors.includes('{') && !errors.includes('\u001b'))
  })

  it('goes into the file of --log-file', async (t) => {
    const { running, logFile } = await served(t, '--log-file', 'LOG')
    let url: string | undefined
    for (let tries = 0; url === undefined && tries < 100; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 50))
      try {
        url = frontUrl.exec(readFileSync(logFile, 'utf8'))?.[1]
      } catch {
        // Not there yet.
      }
    }
    assert.equal(await askAndEnd(running, url ?? ''), '')
    assert.equal(readFileSync(logFile, 'utf8').trimEnd().split('\n').length, 6)
  })

  it('loses only log lines when the disk is full', async (t) => {
    const { running } = await served(t, '--log-file', '/dev/full', '--pid-file', 'LOG')
    // The port cannot be printed; the test only checks that it serves and ends.
    await running.printed(/lines are lost: ENOSPC/)
    await new Promise((resolve) => setTimeout(resolve, 300))
    running.process.kill('SIGTERM')
    const { code, errors } = await running.ended
    assert.equal(code, 0)
    assert.equal(errors.trimEnd().split('\n').length, 1)
  })

  it('ends even if nobody reads its output pipe', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'hedgerow-log-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    const reader = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK)
    t.after(() => closeSync(reader))
    const { running } = await served(t, '--log-file', pipe)
    const buffer = Buffer.alloc(64 * 1024)
    let text = ''
    await until(
      () => `it says where it is: ${text}`,
      () => {
        try {
          text += buffer.toString('utf8', 0, readSync(reader, buffer))
        } catch {
          // Nothing yet.
        }
        return frontUrl.test(text)
      },
    )
    const url = frontUrl.exec(text)?.[1] ?? ''
    for (let i = 0; i < 20; i++) assert.equal((await ask(`${url}/${'x'.repeat(7000)}`)).status, 200)
    running.process.kill('SIGTERM')
    const startedAt = performance.now()
    assert.equal((await running.ended).code, 0)
    assert.ok(performance.now() - startedAt < 4000)
  })

  it('reports that nobody reads the pipe, and exits with 1', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'hedgerow-log-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    const { running } = await served(t, '--log-file', pipe)
    const { code, errors } = await running.ended
    assert.equal(code, 1)
    assert.match(errors, /cannot be opened: it is a pipe without a reader/)
  })

  it('reports that the file cannot be opened, and exits with 1', async (t) => {
    const { running } = await served(t, '--log-file', '/nowhere/log')
    const { code, errors } = await running.ended
    assert.equal(code, 1)
    assert.match(errors, /the log file \/nowhere\/log cannot be opened: ENOENT/)
  })
})
