import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { deliveriesPath } from '../broadcast/accept.ts'
import { ticketsPath } from '../callback/callbacks.ts'
import { tokenParameter } from '../callback/token-placement.ts'
import { logOptions } from './log/options.ts'
import { looksSecret, maxLookedAt, Redaction } from './redact.ts'

const redaction = new Redaction({ headers: ['X-Api-Key'], query: ['token', 'Pass'] })

describe('Redaction', () => {
  it('hides headers that are always secret and configured ones, in any spelling', () => {
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
    ['token%00=x&%00token=x&token%3b=x', 'token%00=***&%00token=***&token%3b=***'],
    ['token;=x&b=2', 'token;***&b=2'],
    ['a=1;b=2;token;c=x', 'a=1;b=2;token;***'],
    ['back=/c?token=x&b=2#token=y', 'back=/c?token=***&b=2#token=***'],
    ['callback=x&CALLBACK=x&c%61llback=x', 'callback=***&CALLBACK=***&c%61llback=***'],
  ]
  for (const [query, shown] of queries) {
    it(`shows "${query}" as "${shown}"`, () => assert.equal(redaction.query(query), shown))
  }

  it('hides by default the secret parameters of OAuth, signed URLs and APIs with keys', () => {
    const { query } = logOptions.parse({}).redact
    const byDefault = new Redaction({ headers: [], query })
    for (const key of ['client_secret', 'refresh_token', 'id_token', 'apikey', 'sig', 'access_token', 'api_key'])
      assert.equal(byDefault.query(`${key}=x`), `${key}=***`)
  })

  it('hides callback tokens under any configuration, by the name that flows use', () => {
    assert.equal(new Redaction({ headers: [], query: [] }).query(`${tokenParameter}=x`), `${tokenParameter}=***`)
  })

  const paths: readonly (readonly [string, string])[] = [
    ['/', '/'],
    ['/a_b/%41', '/a_b/%41'],
    [`${ticketsPath}/x`, `${ticketsPath}/***`],
    [`${deliveriesPath}/x`, `${deliveriesPath}/***`],
    [`/before${ticketsPath}/x/y`, `/before${ticketsPath}/***`],
    ['/_HEDGEROW//tickets//x', '/_HEDGEROW//tickets//***'],
    ['/%5fhedgerow/t%69ckets/x', '/_hedgerow/tickets/***'],
    [`${ticketsPath}/%78`, `${ticketsPath}/***`],
    [`${ticketsPath}/`, `${ticketsPath}/`],
    ['/_hedgerow/ticketsold/x', '/_hedgerow/ticketsold/x'],
  ]
  for (const [path, shown] of paths) {
    it(`shows the path "${path}" as "${shown}"`, () => assert.equal(redaction.path(path), shown))
  }

  const texts: readonly (readonly [string, string])[] = [
    ['text/html;q=0.9', 'text/html;q=0.9'],
    ['https://a.test/b?x=1&token=s', 'https://a.test/b?x=1&token=***'],
    ['https://a.test/b#token=s', 'https://a.test/b#token=***'],
    ['https://u:p@a.test/b@c', 'https://***@a.test/b@c'],
    [`https://a.test${ticketsPath}/s?x=1`, `https://a.test${ticketsPath}/***?x=1`],
    ['</a?token=s>; rel=next, </b?x=1>; rel=last', '</a?token=***>; rel=next, </b?x=1>; rel=last'],
  ]
  for (const [text, shown] of texts) {
    it(`shows the field "${text}" as "${shown}"`, () => assert.equal(redaction.field('referer', text), shown))
  }

  it('guesses secrets by name if asked to', () => {
    const guessing = new Redaction({ headers: [], query: [] }, true)
    for (const name of ['X-Api-Key', 'x-auth', 'X-CSRF-Token', 'client-secret', 'x-goog-signature']) {
      assert.ok(looksSecret(name) && guessing.hidesField(name), name)
      assert.equal(guessing.query(`${name}=s`), `${name}=***`)
    }
    for (const name of ['idempotency-key', 'author', 'content-type', 'design'])
      assert.ok(!guessing.hidesField(name), name)
  })

  it('inspects a bounded length, and never shows the rest', () => {
    const long = 'a'.repeat(maxLookedAt)
    assert.equal(redaction.query(`${long}&token=s`), `${long}…`)
    assert.equal(redaction.path(`/${long}/b`), `/${long.slice(1)}…`)
    assert.equal(redaction.target('/a', `${long};token=s`), `/a?${long}…`)
  })

  it('takes linear time, and does not overflow the stack', () => {
    const units = ['&', ';', '=', '%', '%2b;', 'a;', '?', '#', 'x=1;', 'token;', 'token=x;', '<', '//', '@', '+', '[.']
    const startedAt = performance.now()
    for (const unit of units) {
      for (const [head, tail] of [
        ['', ''],
        ['x', '=x'],
        ['//', '@'],
      ]) {
        const text = head + unit.repeat(60_000 / unit.length) + tail
        for (const show of [redaction.query, redaction.path, redaction.text]) {
          assert.ok(show.call(redaction, text).length <= 4 * maxLookedAt + 1)
        }
      }
    }
    // 144 texts take some 100 ms; a single one in quadratic time would take longer.
    assert.ok(performance.now() - startedAt < 1500)
  })

  it('shows no value of a hidden key, whether `&` or `;` separates pairs', () => {
    const parts = ['token', 'TOK%45N', 'a', '=', '=', '&', ';', '%00', '+', 'S', '[', ']']
    let state = 1
    const draw = (below: number): number => {
      state = (state * 48_271) % 2_147_483_647
      return state % below
    }
    for (let round = 0; round < 20_000; round++) {
      const query = Array.from({ length: 1 + draw(10) }, () => parts[draw(parts.length)]).join('')
      const shown = redaction.query(query)
      for (const separator of [/&/, /[&;]/]) {
        for (const pair of shown.split(separator)) {
          const [key = '', ...value] = pair.split('=')
          // If `;` is not a separator, it may be part of the key.
          const name = decodeURIComponent(key)
            .replaceAll(/[^a-z]/gi, '')
            .toLowerCase()
          if (name === 'token') assert.ok(!value.join('=').includes('S'), `${query} is shown as ${shown}`)
        }
      }
      assert.equal(redaction.query(shown).replaceAll('***', ''), shown.replaceAll('***', ''), query)
    }
  })
})
