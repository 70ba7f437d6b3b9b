import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { until } from '../../../test/kit/until.ts'
import { type Clock, systemClock } from '../../kit/clock.ts'
import { LogWriter } from './log-writer.ts'

function logFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-log-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return join(folder, 'log')
}

function open(to: string | number) {
  const troubles: string[] = []
  return { writer: new LogWriter({ to, clock: systemClock(), onTrouble: (text) => troubles.push(text) }), troubles }
}

const lineOf = (number: number): string => `{"number":${number}}\n`

describe('LogWriter', () => {
  it('writes lines in order, in the background, and all of them by its end', async (t) => {
    const file = logFile(t)
    const { writer } = open(file)
    let text = ''
    for (let i = 0; i < 20_000; i++) {
      writer.write(lineOf(i))
      text += lineOf(i)
      if (i % 1000 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await writer.close()
    assert.equal(readFileSync(file, 'utf8'), text)
    writer.write('late\n')
    assert.equal(writer.dropped, 1)
    await writer.close()
  })

  it('writes a single line after a moment, or at once when flushed', async (t) => {
    const file = logFile(t)
    const { writer } = open(file)
    writer.write('a\n')
    await until(
      () => 'a is written',
      () => readFileSync(file, 'utf8') === 'a\n',
    )
    writer.write('b\n')
    writer.flush()
    writer.write('c\n')
    writer.flush()
    writer.flush()
    await writer.close()
    assert.equal(readFileSync(file, 'utf8'), 'a\nb\nc\n')
  })

  it('appends to an existing file', async (t) => {
    const file = logFile(t)
    for (const line of ['1\n', '2\n']) {
      const { writer } = open(file)
      writer.write(line)
      await writer.close()
    }
    assert.equal(readFileSync(file, 'utf8'), '1\n2\n')
  })

  it('writes its last lines synchronously when no time is left', (t) => {
    const file = logFile(t)
    const { writer } = open(file)
    writer.write('last\n')
    writer.flushSync()
    assert.equal(readFileSync(file, 'utf8'), 'last\n')
    return writer.close()
  })

  it('drops lines on a full disk, counts them, reports it once, and closes', async () => {
    const { writer, troubles } = open('/dev/full')
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 10; i++) writer.write(lineOf(i))
      writer.flush()
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    writer.write('x\n')
    writer.flushSync()
    await writer.close()
    assert.equal(writer.dropped, 50)
    assert.equal(troubles.length, 1)
    assert.match(troubles[0] ?? '', /lines are lost: ENOSPC/)
  })

  it('holds a bounded number of lines for a slow reader, and resumes when it reads', async (t) => {
    const file = logFile(t)
    execFileSync('mkfifo', [file])
    // Opening a pipe for reading and writing does not block, nor does reading it.
    const reader = openSync(file, constants.O_RDWR | constants.O_NONBLOCK)
    t.after(() => closeSync(reader))
    const slow = openSync(file, constants.O_WRONLY | constants.O_NONBLOCK)
    t.after(() => closeSync(slow))
    const { writer, troubles } = open(slow)
    const line = `${'x'.repeat(999)}\n`
    for (let i = 0; i < 5000; i++) {
      writer.write(line)
      if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    assert.ok(writer.dropped > 3000, String(writer.dropped))
    let bytes = 0
    const buffer = Buffer.alloc(1024 * 1024)
    await until(
      () => `all that was kept is read: ${bytes}`,
      () => {
        try {
          bytes += readSync(reader, buffer)
        } catch (error) {
          assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN')
        }
        return bytes === (5000 - writer.dropped) * 1000
      },
    )
    await writer.close()
    assert.deepEqual(troubles, [])
  })

  it('closes within two seconds although nobody reads', async (t) => {
    const file = logFile(t)
    execFileSync('mkfifo', [file])
    const reader = openSync(file, constants.O_RDWR | constants.O_NONBLOCK)
    const slow = openSync(file, constants.O_WRONLY | constants.O_NONBLOCK)
    const { writer } = open(slow)
    for (let i = 0; i < 1000; i++) writer.write(`${'x'.repeat(999)}\n`)
    const startedAt = performance.now()
    await writer.close()
    assert.ok(performance.now() - startedAt < 2500)
    writer.flushSync()
    closeSync(reader)
    closeSync(slow)
  })

  it('gives up on a full pipe although a write was under way, and tries no more', async (t) => {
    const file = logFile(t)
    execFileSync('mkfifo', [file])
    const reader = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
    t.after(() => closeSync(reader))
    const timers: { readonly delayMs: number; readonly action: () => void }[] = []
    const clock: Clock = {
      ...systemClock(),
      after: (delayMs, action) => {
        timers.push({ delayMs, action })
        return { cancel: () => undefined }
      },
    }
    const writer = new LogWriter({ to: file, clock, onTrouble: () => undefined })
    for (let i = 0; i < 1000; i++) writer.write(`${'x'.repeat(999)}\n`)
    await until(
      () => 'the pipe is full, and will be tried again',
      () => timers.length === 2,
    )
    const closed = writer.close()
    const [, again, giveUp] = timers
    again?.action()
    giveUp?.action()
    await closed
    const buffer = Buffer.alloc(1024 * 1024)
    await until(
      () => 'the writer has closed the pipe',
      () => {
        try {
          return readSync(reader, buffer) === 0
        } catch {
          return false
        }
      },
    )
    assert.equal(timers.length, 3)
  })

  it('refuses a pipe without a reader instead of waiting for one', (t) => {
    const file = logFile(t)
    execFileSync('mkfifo', [file])
    assert.throws(() => open(file), /it is a pipe without a reader/)
  })

  it('continues in a new file after the old one was moved away', async (t) => {
    const file = logFile(t)
    const { writer } = open(file)
    writer.write('old\n')
    await until(
      () => 'written',
      () => readFileSync(file, 'utf8') !== '',
    )
    renameSync(file, `${file}.1`)
    writer.reopen()
    writer.write('new\n')
    await writer.close()
    assert.deepEqual([readFileSync(`${file}.1`, 'utf8'), readFileSync(file, 'utf8')], ['old\n', 'new\n'])
  })
})
