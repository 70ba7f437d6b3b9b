import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { VirtualClock } from '../../test/kit/virtual-clock.ts'
import type { Clock } from '../kit/clock.ts'
import { KeyFile, type KeyFileOptions } from './key-file.ts'

const dayMs = 86_400_000
const minuteMs = 60_000
const tokenLifeMs = 11 * minuteMs

/** A clock whose wall time can be set wrong. */
class WrongClock extends VirtualClock {
  offMs = 0

  override wallNow(): number {
    return super.wallNow() + this.offMs
  }
}

function folderWithKeys(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-key-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'test.key')
  const logged: string[] = []
  const open = (clock: Clock, change: Partial<KeyFileOptions> = {}): KeyFile => {
    const opened = KeyFile.open({
      path,
      clock,
      rotationMs: 7 * dayMs,
      tokenLifeMs,
      log: (text) => logged.push(text),
      ...change,
    })
    assert.ok(opened.ok, opened.ok ? '' : opened.problem)
    t.after(() => opened.keys.close())
    return opened.keys
  }
  const problem = (change: Partial<KeyFileOptions> = {}): string => {
    const opened = KeyFile.open({
      path,
      clock: new VirtualClock(),
      rotationMs: dayMs,
      tokenLifeMs,
      log: () => {},
      ...change,
    })
    assert.ok(!opened.ok)
    return opened.problem
  }
  return { folder, path, logged, open, problem }
}

function ids(keys: KeyFile): readonly string[] {
  return keys.keys.map(({ id }) => id)
}

describe('the key file', () => {
  it('is created on first use, for its user alone, and no other file with it', (t) => {
    const { folder, path, open } = folderWithKeys(t)
    const [key, ...previous] = open(new VirtualClock()).keys
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.deepEqual([readdirSync(folder), previous], [['test.key'], []])
    assert.equal(Buffer.from(key.secret, 'base64url').length, 32)
    const [comment, line] = readFileSync(path, 'utf8').split('\n')
    assert.match(comment ?? '', /^# .*can forge callbacks/)
    assert.equal(line, `2023-11-14T22:13:20.000Z ${key.secret}`)
  })

  it('has the same key after a restart, and is not written again', (t) => {
    const { path, open } = folderWithKeys(t)
    const first = open(new VirtualClock())
    const before = statSync(path)
    assert.deepEqual(open(new VirtualClock()).keys, first.keys)
    assert.deepEqual([statSync(path).ino, statSync(path).mtimeMs], [before.ino, before.mtimeMs])
  })

  it('has a different key at each path', (t) => {
    const clock = new VirtualClock()
    assert.notDeepEqual(folderWithKeys(t).open(clock).keys, folderWithKeys(t).open(clock).keys)
  })

  it('gets a new key when the old one is old, and drops that when its last token has expired', async (t) => {
    const { path, open } = folderWithKeys(t)
    const clock = new VirtualClock()
    const keys = open(clock)
    const [first] = ids(keys)
    await clock.advance(7 * dayMs - minuteMs)
    assert.deepEqual(ids(keys), [first])
    await clock.advance(minuteMs)
    const [second, ...others] = ids(keys)
    assert.notEqual(second, first)
    assert.deepEqual(others, [first])
    assert.deepEqual(ids(open(clock)), [second, first], 'a restart knows both')
    await clock.advance(tokenLifeMs - minuteMs)
    assert.deepEqual(ids(keys), [second, first])
    await clock.advance(minuteMs)
    assert.deepEqual(ids(keys), [second])
    assert.equal(readFileSync(path, 'utf8').split('\n').length, 3, 'the file has lost it too')
    assert.equal(statSync(path).mode & 0o777, 0o600)
  })

  it('gets only one new key, however long no gateway ran', (t) => {
    const { open } = folderWithKeys(t)
    const clock = new WrongClock()
    const [first] = ids(open(clock))
    clock.offMs = 365 * dayMs
    const [second, ...others] = ids(open(clock))
    assert.notEqual(second, first)
    // Its last token may be as young as the new key.
    assert.deepEqual(others, [first])
  })

  it('keeps several old keys if keys rotate faster than tokens expire', async (t) => {
    const { open } = folderWithKeys(t)
    const clock = new VirtualClock()
    const keys = open(clock, { rotationMs: minuteMs, tokenLifeMs: 5 * minuteMs })
    await clock.advance(30 * minuteMs)
    assert.equal(new Set(ids(keys)).size, 6)
  })

  it('keeps accepting its tokens when the clock jumps back and forth', async (t) => {
    const { open } = folderWithKeys(t)
    const clock = new WrongClock()
    const keys = open(clock)
    const [first] = ids(keys)
    clock.offMs = -30 * dayMs
    await clock.advance(2 * minuteMs)
    assert.deepEqual(ids(keys), [first])
    clock.offMs = 30 * dayMs
    await clock.advance(2 * minuteMs)
    const [second] = ids(keys)
    assert.deepEqual(ids(keys), [second, first])
    clock.offMs = 0
    await clock.advance(2 * minuteMs)
    assert.deepEqual(ids(keys), [second, first])
    assert.deepEqual(ids(open(clock)), [second, first])
    await clock.advance(tokenLifeMs)
    assert.deepEqual(ids(keys), [second])
  })

  it('gets a new key in time although a clock far ahead made the last one', async (t) => {
    const { open } = folderWithKeys(t)
    const clock = new WrongClock()
    clock.offMs = 3650 * dayMs
    const [first] = ids(open(clock))
    clock.offMs = 0
    const keys = open(clock)
    await clock.advance(7 * dayMs + minuteMs)
    assert.notEqual(ids(keys)[0], first)
    assert.ok(ids(keys).includes(first as string))
  })

  it('keeps the old key in use, and logs it, while it cannot be written', async (t) => {
    const { folder, open, path, logged } = folderWithKeys(t)
    const clock = new VirtualClock()
    const keys = open(clock, { rotationMs: dayMs })
    const [first] = ids(keys)
    const text = readFileSync(path)
    rmSync(folder, { recursive: true })
    await clock.advance(dayMs + minuteMs)
    assert.deepEqual(ids(keys), [first])
    assert.match(logged[0] ?? '', /could not be renewed; the old key stays in use: .*ENOENT/)
    mkdirSync(folder)
    writeFileSync(path, text)
    await clock.advance(minuteMs)
    assert.deepEqual(ids(keys).slice(1), [first])
  })

  it('is no longer checked once closed', (t) => {
    const clock = new VirtualClock()
    const keys = folderWithKeys(t).open(clock)
    assert.equal(clock.pendingCount, 1)
    keys.close()
    assert.equal(clock.pendingCount, 0)
  })

  it('may have comments and empty lines', (t) => {
    const { path, open } = folderWithKeys(t)
    const secret = 'x'.repeat(43)
    writeFileSync(path, `# mine\n\n2023-11-14T22:00:00Z ${secret}\n# end\n`)
    assert.equal(open(new VirtualClock()).keys[0].secret, secret)
  })

  it('converges on the same keys in two processes that share it', async (t) => {
    const { open } = folderWithKeys(t)
    const [one, other] = [new VirtualClock(), new VirtualClock()]
    const keys = open(one, { rotationMs: dayMs })
    const others = open(other, { rotationMs: dayMs })
    await one.advance(dayMs + minuteMs)
    await other.advance(dayMs + minuteMs)
    await one.advance(minuteMs)
    assert.deepEqual(ids(others), ids(keys))
    assert.equal(ids(keys).length, 2)
  })

  it('is refused if empty, as it may be half-written', (t) => {
    const { path, problem } = folderWithKeys(t)
    writeFileSync(path, '')
    assert.match(problem(), /it contains no key/)
  })

  for (const [what, text, entry] of [
    ['a truncated key', `2023-11-14T22:13:20.000Z ${'x'.repeat(42)}\n`, 1],
    ['an invalid time', `yesterday ${'x'.repeat(43)}\n`, 1],
    ['other content', 'listen: { port: 8080 }\n', 1],
    ['a broken second entry', `2023-11-14T22:13:20.000Z ${'x'.repeat(43)}\nx\n`, 2],
  ] as const) {
    it(`is refused with ${what} and left unchanged; the error has the position and the fix`, (t) => {
      const { path, problem } = folderWithKeys(t)
      writeFileSync(path, text)
      const told = problem()
      assert.ok(
        told.startsWith(`The key file ${path} cannot be used: it contains a line that is not a key (entry ${entry}). `),
      )
      assert.match(told, /callbacks\.keyFile, or set callbacks\.key\.$/)
      assert.equal(readFileSync(path, 'utf8'), text)
    })
  }

  it('is refused if it is a folder, or its folder does not exist', (t) => {
    const { folder, problem } = folderWithKeys(t)
    assert.match(problem({ path: folder }), /EISDIR/)
    assert.match(problem({ path: join(folder, 'no', 'a.key') }), /ENOENT.*Make its folder writable/)
    assert.deepEqual(readdirSync(folder), [])
  })

  it('is refused in a read-only folder, with the path and the fix', (t) => {
    const { folder, path, problem } = folderWithKeys(t)
    chmodSync(folder, 0o500)
    // Root may write in any folder that exists.
    const isRoot = process.getuid?.() === 0
    const told = isRoot ? problem({ path: '/proc/a.key' }) : problem()
    chmodSync(folder, 0o700)
    assert.ok(told.startsWith(`The key file ${isRoot ? '/proc/a.key' : path} cannot be used: E`), told)
    assert.match(told, /Make its folder writable/)
  })
})
