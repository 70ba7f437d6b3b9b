import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Redaction } from './redact.ts'

const redaction = new Redaction({ headers: ['X-Api-Key'], query: ['token', 'Pass'] })

describe('Redaction', () => {
  it('hides the fields that always are secret and those that are named, in any spelling', () => {
    for (const name of ['Authorization', 'cookie', 'SET-COOKIE', 'Proxy-Authorization', 'x-api-key'])
      assert.ok(redaction.hidesField(name), name)
    assert.ok(!redaction.hidesField('user-agent'))
  })

  const queries: readonly (readonly [string, string])[] = [
    ['', ''],
    ['a=1&b=2', 'a=1&b=2'],
    ['token=x', 'token=***'],
    ['a=1&token=x&b=2&pass=y', 'a=1&token=***&b=2&pass=***'],
    ['TOKEN=x', 'TOKEN=***'],
    ['t%6fken=x', 't%6fken=***'],
    ['%54%4F%4B%45%4E=x', '%54%4F%4B%45%4E=***'],
    ['token%20=x&+token=x', 'token%20=***&+token=***'],
    ['token=x=y', 'token=***'],
    ['token=x;y', 'token=***'],
    ['a=1;token=x;b=2', 'a=1;token=***'],
    ['token=', 'token=***'],
    ['token', 'token'],
    ['user[token]=x&user%5Btoken%5D=x&user.token=x', 'user[token]=***&user%5Btoken%5D=***&user.token=***'],
    ['tokens=x&%zz=1&%=2&t%6', 'tokens=x&%zz=1&%=2&t%6'],
    ['&&=&token=x&', '&&=&token=***&'],
  ]
  for (const [query, shown] of queries) {
    it(`shows "${query}" as "${shown}"`, () => assert.equal(redaction.query(query), shown))
  }

  it('is done with a long query of nothing but separators', () => {
    for (const sign of ['&', ';', '=', '%']) assert.equal(redaction.query(sign.repeat(16_000)).length, 16_000)
  })
})
