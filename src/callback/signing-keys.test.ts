import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { VirtualClock } from '../../test/kit/virtual-clock.ts'
import { callbackConfig } from '../config/derived/callback-config.ts'
import { type ConfigInput, configSchema } from '../config/schema.ts'
import { apply } from '../kit/reload.ts'
import { StartupError } from '../kit/startup-error.ts'
import type { CallbackConfig } from './callback-config.ts'
import { SigningKeys, tokenLifeMs } from './signing-keys.ts'
import { Signer } from './token.ts'

const secret = (n: number): string => `a secret of the tests, number ${n}, long enough`

function configOf(callbacks: ConfigInput['callbacks'], deadline = '5s'): CallbackConfig {
  const config = configSchema.parse({
    upstreams: { work: { targets: ['http://127.0.0.1:1'] } },
    routes: [{ match: '/work', callback: { upstream: 'work' }, deadline }],
    callbacks,
  })
  return callbackConfig(config)
}

function opened(t: TestContext, config: CallbackConfig) {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-keys-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const clock = new VirtualClock()
  let changes = 0
  const keys = SigningKeys.open(config, { folder, clock, log: () => {}, onKeys: () => changes++ })
  const signer = new Signer(() => keys.current)
  const token = (): string => signer.token(signer.issue(false, clock.wallNow() + 60_000), 'callback')
  const judge = (given: string) => signer.verify(given, 'callback', clock.wallNow()).kind
  return { folder, clock, keys, token, judge, changes: () => changes }
}

describe('keys that a reload changes', () => {
  it('keep tokens of the former key valid until the last one has expired', async (t) => {
    const config = configOf({ key: secret(1) })
    const { clock, keys, token, judge, changes } = opened(t, config)
    const [before] = keys.current
    const first = token()
    await apply(keys, configOf({ key: secret(2) }))
    assert.notEqual(keys.current[0].id, before.id, 'new tokens are of the new key')
    assert.deepEqual([keys.current[1], changes()], [before, 1])
    assert.equal(judge(first), 'good')
    await clock.advance(tokenLifeMs(config) - 1)
    assert.equal(judge(first), 'expired')
    await clock.advance(1)
    assert.deepEqual([judge(first), keys.current.length, changes()], ['forged', 1, 2])
    assert.equal(clock.pendingCount, 0)
  })

  it('use the same file if the path is unchanged, also with another rotation', async (t) => {
    const { folder, clock, keys, changes } = opened(t, configOf({ keyFile: './one.key', keyRotation: '20d' }))
    const [before] = keys.current
    await apply(keys, configOf({ keyFile: './one.key', keyRotation: '1h' }))
    assert.deepEqual([keys.current[0], changes(), readdirSync(folder)], [before, 0, ['one.key']])
    await clock.advance(3_700_000)
    assert.notEqual(keys.current[0].id, before.id)
    assert.deepEqual([keys.current[1], changes()], [before, 1])
    keys.close()
    assert.equal(clock.pendingCount, 0)
  })

  it('come from another file once it is open; an unusable one changes nothing', async (t) => {
    const { folder, keys, token, judge, changes } = opened(t, configOf({ keyFile: './one.key' }))
    const before = keys.current
    const first = token()
    writeFileSync(join(folder, 'bad.key'), 'no key\n')
    await assert.rejects(keys.prepare(configOf({ keyFile: './bad.key' })), StartupError)
    assert.deepEqual([keys.current, changes()], [before, 0])
    await apply(keys, configOf({ keyFile: './two.key' }))
    assert.notEqual(keys.current[0].id, before[0].id)
    assert.equal(judge(first), 'good')
    // And back: a key in both files appears once.
    await apply(keys, configOf({ keyFile: './one.key' }))
    assert.deepEqual([keys.current[0].id, keys.current.length], [before[0].id, 2])
    keys.close()
  })

  it('stay as they were when another file is rolled back, which nobody signs with then', async (t) => {
    const { clock, keys, changes } = opened(t, configOf({ key: secret(1) }))
    const before = keys.current
    const change = await keys.prepare(configOf({ keyFile: './two.key' }))
    await change.rollback()
    assert.deepEqual([keys.current, changes(), clock.pendingCount], [before, 0, 0])
  })

  it('outlive a file that is replaced by a key in the configuration', async (t) => {
    const { clock, keys, token, judge } = opened(t, configOf({ keyFile: './one.key' }))
    const first = token()
    await apply(keys, configOf({ key: secret(1), previousKeys: [secret(2)] }))
    assert.deepEqual([judge(first), keys.current.length], ['good', 3])
    keys.close()
    assert.equal(clock.pendingCount, 0)
  })
})
