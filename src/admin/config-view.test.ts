import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { type ConfigInput, configSchema } from '../config/schema.ts'
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
        headers: { set: { Authorization: 'Bearer upstream', 'X-Api-Key': 'abc-key', 'X-Plain': 'any-value' } },
      },
    },
  ],
})

describe('configView', () => {
  it('shows the configuration with its defaults, as a file and as data in milliseconds and bytes', () => {
    const { yaml, config: shown } = configView(config)
    const inFile = parse(yaml) as ConfigInput
    const asData = shown as typeof config
    assert.deepEqual(Object.keys(inFile), Object.keys(asData))
    assert.equal(inFile.routes?.[0]?.match, 'GET /work')
    assert.deepEqual([inFile.drain, asData.drain], ['30s', 30_000])
    assert.deepEqual([inFile.listen?.headerSize, asData.listen.headerSize], ['16KiB', 16_384])
  })

  it('shows YAML that can be pasted back', () => {
    const plain = configSchema.parse({ drain: '90s', upstreams: { work: { targets: ['http://127.0.0.1:1'] } } })
    assert.deepEqual(configSchema.parse(parse(configView(plain).yaml)), plain)
  })

  it('hides credentials and nothing else', () => {
    const text = JSON.stringify(configView(config))
    for (const secret of [
      'the-admin-token-itself',
      'characters-1',
      'characters-2',
      'Bearer upstream',
      'abc-key',
      'any-value',
    ]) {
      assert.ok(!text.includes(secret), secret)
    }
    for (const shown of ['X-Plain', 'hedgerow.key', 'keyRotation']) assert.ok(text.includes(shown), shown)
  })

  it('hides the headers for a collector and the user of a URL', () => {
    const odd = {
      ...config,
      telemetry: { ...config.telemetry, traces: { endpoint: 'http://bob:pw@c/', headers: { 'x-team': 'credential' } } },
    }
    const { yaml } = configView(odd as unknown as typeof config)
    assert.match(yaml, /http:\/\/\*\*\*@c\//)
    assert.doesNotMatch(yaml, /credential/)
  })

  it('hides secrets in URL queries by the log keys and by their names', () => {
    const traces = {
      url: 'https://c.test/v1?team=a&apikey=s3cret&mine=s3cret&sig=s3cret',
      headers: { 'x-team': 's3cret' },
    }
    const { yaml } = configView(configSchema.parse({ telemetry: { traces, log: { redact: { query: ['mine'] } } } }))
    assert.doesNotMatch(yaml, /s3cret/)
    assert.match(yaml, /url: https:\/\/c\.test\/v1\?team=a&apikey=\*\*\*&mine=\*\*\*&sig=\*\*\*/)
  })

  it('shows lists of names and harmless values under secret-looking names', () => {
    const headers = ['x-api-key', 'x-token']
    const { config: shown } = configView(
      configSchema.parse({
        telemetry: { log: { headers, redact: { headers, query: ['token'] } } },
        upstreams: { token: { targets: { secret: 'http://127.0.0.1:1' } } },
      }),
    )
    const { telemetry, upstreams } = shown as ReturnType<typeof configSchema.parse>
    assert.deepEqual(telemetry.log.headers, headers)
    assert.deepEqual(telemetry.log.redact, { headers, query: ['token'] })
    assert.deepEqual(upstreams['token']?.targets, { secret: { url: 'http://127.0.0.1:1', weight: 1 } })
  })
})
