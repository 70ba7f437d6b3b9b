import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { Summary } from '@hedgerow/load/summary'
import { runCommand, startCommand } from '../kit/command.ts'
import { until } from '../kit/until.ts'
import { startTarget } from './target.ts'

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'hedgerow-load-'))
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

describe('hedgerow load', () => {
  it('prints a table with the result of every request', async (t) => {
    const target = await startTarget(t, (number, _request, response) => {
      response.writeHead(number % 4 === 0 ? 500 : 200).end('x')
    })
    const { code, output, errors } = await runCommand(t, ['load', '-c', '4', '-n', '100', `${target.url}/a`])
    assert.equal(code, 0, errors)
    assert.match(output, /completed +75 {2}75\.00 %/)
    assert.match(output, /failed by status +25 {2}25\.00 %/)
    assert.match(output, /sent +100 {2}100\.00 %/)
    assert.match(output, /p99\.9 +[\d.]+ m?s/)
    assert.match(output, /█/)
    assert.equal(target.seen(), 100)
  })

  it('exits with 1 with --fail-on-error if any request failed, and with 0 if the failures count as good', async (t) => {
    const target = await startTarget(t, (_number, _request, response) => void response.writeHead(503).end())
    const args = ['load', '-n', '5', '-c', '1', '--fail-on-error', target.url]
    assert.equal((await runCommand(t, args)).code, 1)
    assert.equal((await runCommand(t, [...args, '--success', '200-299,503'])).code, 0)
  })

  it('writes a report and the figures, to stdout alone if no file is named', async (t) => {
    const target = await startTarget(t, (_number, _request, response) => response.end('x'))
    const [report, json] = [join(folder(t), 'r.html'), join(folder(t), 'r.json')]
    const filed = await runCommand(t, [
      'load',
      '--rate',
      '50',
      '-d',
      '400ms',
      '--report',
      report,
      '--json',
      json,
      target.url,
    ])
    assert.equal(filed.code, 0, filed.errors)
    assert.match(readFileSync(report, 'utf8'), /^<!doctype html>[\s\S]*<svg/)
    assert.equal((JSON.parse(readFileSync(json, 'utf8')) as Summary).counts.completed, 20)
    const { output } = await runCommand(t, ['load', target.url, '-n', '3', '--json'])
    assert.equal((JSON.parse(output) as Summary).counts.sent, 3)
  })

  it('prints its results so far when interrupted, says so, and exits with 1', async (t) => {
    const target = await startTarget(t, (number, _request, response) => void (number <= 20 && response.end('x')))
    const running = startCommand(t, ['load', '-c', '5', '-d', '60s', target.url])
    await until('requests have come', () => target.seen() >= 25, 10_000)
    running.process.kill('SIGINT')
    const { code, output } = await running.ended
    assert.equal(code, 1)
    assert.match(output, /ABORTED: interrupted/)
    assert.match(output, /completed +20 /)
    assert.match(output, /aborted +5 /)
    assert.match(output, /sent +25 /)
  })

  it('reports that the target is gone, and exits with 1', async (t) => {
    const target = await startTarget(t, () => {})
    target.die()
    const { code, output } = await runCommand(t, ['load', '-c', '2', target.url])
    assert.equal(code, 1)
    assert.match(output, /ABORTED: the target was gone[\s\S]*refused +\d+/)
  })

  it('prints its progress every 5 s without a terminal', async (t) => {
    const target = await startTarget(t, (_number, _request, response) => response.end('x'))
    const { errors } = await runCommand(t, ['load', '--rate', '20', '-d', '5500ms', target.url])
    assert.match(errors, /^5 s {2}(19|2\d)\.\d\/s {2}p50 .* p99 .* failed 0 {2}timed out 0$/m)
    assert.ok(!errors.includes('\r'))
  })

  it('sends a body from a file, with placeholders filled in if it is text, unchanged otherwise', async (t) => {
    const bodies: string[] = []
    const target = await startTarget(t, (_number, request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        bodies.push(`${request.method} ${Buffer.concat(chunks).toString('latin1')}`)
        response.end()
      })
    })
    const [text, bytes] = [join(folder(t), 'text'), join(folder(t), 'bytes')]
    writeFileSync(text, '{"n":{n}}')
    writeFileSync(bytes, Buffer.from('\xff{n}', 'latin1'))
    for (const file of [text, bytes]) await runCommand(t, ['load', '-n', '1', '--body-file', file, target.url])
    assert.deepEqual(bodies, ['POST {"n":1}', 'POST \xff{n}'])
  })

  const bad: readonly (readonly [readonly string[], RegExp])[] = [
    [['-c', '0'], /--connections.*'0'.*1 to 20000/],
    [['-c', '5x'], /--connections.*'5x'/],
    [['--rate', '-1'], /--rate.*Allowed: a number from 0\.01/],
    [['--duration', '10'], /--duration.*'10'.*10s or 2m/],
    [['--count', '1e3'], /--count.*'1e3'/],
    [['--success', 'ok'], /--success.*'ok'.*200-299,503/],
    [['--late', 'soon'], /--late.*'soon'.*query:timeout/],
    [['--timeout', '0s'], /--timeout.*'0s'/],
    [['-H', 'nonsense'], /--header.*'nonsense'.*Accept/],
    [['-X', 'GE T'], /--method.*'GE T'/],
    [['--body-file', '/nowhere/x'], /--body-file.*\/nowhere\/x/],
    [
      ['--body', 'x', '--body-file', 'package.json'],
      /--body.*cannot be used with.*--body-file|--body-file.*cannot be used with.*--body/,
    ],
    [['--report', '/nowhere/r.html'], /--report \/nowhere\/r\.html cannot be written/],
    [['-d', '1s', '-n', '5'], /--duration and --count cannot be combined/],
    [['--json'], /--json.*'http.*put --json last/],
    [['--web', '0', '--count', '5'], /--web.*cannot be used with.*--count/],
  ]
  for (const [args, expected] of bad) {
    it(`rejects ${args.join(' ')}, with the option and its allowed values`, async (t) => {
      const { code, errors, output } = await runCommand(t, ['load', ...args, 'http://127.0.0.1:1/'])
      assert.equal(code, 2, errors)
      assert.match(errors, expected)
      assert.equal(output, '')
    })
  }

  it('rejects an invalid URL, and unknown placeholders', async (t) => {
    for (const url of ['localhost:8080', 'http://x/?a={1...5}']) {
      const { code, errors } = await runCommand(t, ['load', url])
      assert.equal(code, 2)
      assert.match(errors, /url.*Allowed: /)
    }
  })

  it('shows examples', async (t) => {
    assert.match((await runCommand(t, ['load', '--help'])).output, /Examples:\n.*hedgerow load/)
  })
})
