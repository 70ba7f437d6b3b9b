import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { configSchema } from '../config/schema.ts'
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
  it('shows the configuration with its defaults, as data in base units', () => {
    const { config: shown } = configView(config)
    assert.equal((shown as typeof config).drain, 30_000)
    assert.match(JSON.stringify(shown), /"match":"GET \/work"/)
  })

  it('writes numbers with their units', () => {
    const { yaml } = configView(
      configSchema.parse({
        upstreams: {
          'a.b': {
            targets: ['http://127.0.0.1:1'],
            balance: { 'peak-ewma': { decay: '7s' } },
            budget: { share: '7%' },
          },
        },
        routes: [{ match: 'GET /work', hedge: { upstream: 'a.b', after: 'p95' } }],
      }),
    )
    for (const line of [
      /^drain: 30s$/m,
      /^ {2}headerSize: 16KiB$/m,
      /^ {8}decay: 7s$/m,
      /^ {6}share: 7%$/m,
      /^ {8}quantile: p95$/m,
      /^ {2}maxConnections: 20000$/m,
    ])
      assert.match(yaml, line)
  })

  for (const name of ['balancer', 'callback', 'concurrency', 'demo', 'fan-out', 'hedged', 'rate-limit']) {
    it(`writes examples/${name}.yaml so that it can be read again`, () => {
      const text = readFileSync(new URL(`../../examples/${name}.yaml`, import.meta.url), 'utf8')
      const given = configSchema.parse(
        parse(text.replaceAll(/\$\{\w+(?::-([^}]*))?\}/g, (_, value = '1') => String(value))),
      )
      const { yaml } = configView(given)
      const again = configSchema.parse(parse(yaml.replaceAll('***', 'x'.repeat(40))))
      assert.deepEqual(configView(again).config, configView(given).config)
    })
  }

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
