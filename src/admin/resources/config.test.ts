import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { configSchema } from '../../config/schema.ts'
import type { Answer } from '../answer.ts'
import type { ConfigView } from '../api.ts'
import { configResource } from './config.ts'

const resource = configResource(configSchema.parse({ admin: { token: 'a-token-of-this-gateway' }, drain: '90s' }))

async function ask(query: string): Promise<Answer> {
  const json = () => assert.fail('it reads no body')
  const answer = await resource.methods.GET?.({ params: {}, query: new URLSearchParams(query), json })
  assert.ok(answer !== undefined && 'body' in answer)
  return answer
}

describe('/api/config', () => {
  it('answers JSON, with the configuration as text and as data', async () => {
    const { headers, body } = await ask('')
    assert.equal(headers['content-type'], 'application/json')
    const { yaml, config } = JSON.parse(String(body)) as ConfigView
    assert.match(yaml, /^drain: 90s$/m)
    assert.deepEqual(Object.entries(config).at(-1), ['drain', 90_000])
    assert.equal((await ask('format=json')).body, body)
  })

  it('answers YAML if the query asks for it, with secrets hidden', async () => {
    const { headers, body } = await ask('format=yaml')
    assert.equal(headers['content-type'], 'application/yaml')
    const { drain, admin } = parse(String(body)) as { readonly drain: string; readonly admin: object }
    assert.deepEqual([drain, admin], ['90s', { host: '127.0.0.1', port: 9900, token: '***' }])
  })

  it('refuses a format that it does not have', async () => {
    const { status, body } = await ask('format=toml')
    assert.equal(status, 400)
    assert.match(String(body), /format is .*toml.*allowed: json, yaml/)
  })
})
