import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { configSchema } from '../../config/schema.ts'
import { configView } from './config-view.ts'

const config = configSchema.parse({
  admin: { token: 'the-admin-token-itself' },
  callbacks: { key: 'a-key-of-more-than-32-characters-1', previousKeys: ['a-key-of-more-than-32-characters-2'] },
  upstreams: { work: { targets: ['http://127.0.0.1:1'] } },
  routes: [
    {
      match: 'GET /work',
      forward: {
        upstream: 'work',
        headers: { set: { Authorization: 'Bearer upstream', 'X-Api-Key': 'abc-key', 'X-Plain': 'shown' } },
      },
    },
  ],
})

describe('configView', () => {
  it('shows the configuration with its defaults, as YAML and as data that say the same', () => {
    const { yaml, config: shown } = configView(config)
    assert.deepEqual(parse(yaml), JSON.parse(JSON.stringify(shown)))
    assert.match(yaml, /match: GET \/work/)
    assert.match(yaml, /drain: 30000/)
  })

  it('hides whatever opens something, and nothing else', () => {
    const text = JSON.stringify(configView(config))
    for (const secret of ['the-admin-token-itself', 'characters-1', 'characters-2', 'Bearer upstream', 'abc-key']) {
      assert.ok(!text.includes(secret), secret)
    }
    for (const shown of ['X-Plain', 'shown', 'hedgerow.key', 'keyRotation']) assert.ok(text.includes(shown), shown)
  })

  it('hides what a collector is sent, and the user of a URL', () => {
    const odd = {
      ...config,
      telemetry: { ...config.telemetry, traces: { endpoint: 'http://bob:pw@c/', headers: { 'x-team': 'credential' } } },
    }
    const { yaml } = configView(odd as unknown as typeof config)
    assert.match(yaml, /http:\/\/\*\*\*@c\//)
    assert.doesNotMatch(yaml, /credential/)
  })
})
