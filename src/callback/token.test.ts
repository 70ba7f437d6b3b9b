import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { callbackAt, KeyRing, type Keys, keyOf, Signer } from './token.ts'

const now = 1_700_000_000_000
const oldKey = keyOf('the secret of last week, which is long enough')
const newKey = keyOf('the secret of this week, which is long enough')
const signer = new Signer(() => [newKey, oldKey])

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

function tokenOf(by = signer, durable = false, expiresAtMs = now + 60_000): string {
  return by.token(by.issue(durable, expiresAtMs), 'callback')
}

describe('a token', () => {
  it('returns all facts that it was made from', () => {
    for (const durable of [false, true]) {
      const issue = signer.issue(durable, now + 1500)
      const verdict = signer.verify(signer.token(issue, 'callback'), 'callback', now)
      assert.deepEqual(verdict, {
        kind: 'good',
        id: issue.id,
        durable,
        expiresAtMs: now + 2000,
        run: signer.run,
        isOurs: true,
      })
    }
  })

  it('needs no encoding in a URL', () => {
    for (let n = 0; n < 300; n++) assert.match(tokenOf(), /^[\w-]{56}$/)
  })

  it('is forged with any one character changed', () => {
    fc.assert(
      fc.property(fc.nat(55), fc.constantFrom(...alphabet), fc.boolean(), (index, character, durable) => {
        const token = tokenOf(signer, durable)
        const changed = token.slice(0, index) + character + token.slice(index + 1)
        const { kind } = signer.verify(changed, 'callback', now)
        assert.equal(kind, changed === token ? 'good' : 'forged')
      }),
      { numRuns: 2000 },
    )
  })

  it('is forged for another use: a token to post cannot fetch, nor the reverse', () => {
    const issue = signer.issue(true, now + 60_000)
    assert.equal(signer.verify(signer.token(issue, 'callback'), 'ticket', now).kind, 'forged')
    assert.equal(signer.verify(signer.token(issue, 'ticket'), 'callback', now).kind, 'forged')
    assert.equal(signer.verify(signer.token(issue, 'ticket'), 'ticket', now).kind, 'good')
  })

  it('says whether this run made it, and is valid for other runs too', () => {
    const other = new Signer(() => [newKey])
    const verdict = other.verify(tokenOf(), 'callback', now)
    assert.ok(verdict.kind === 'good' && !verdict.isOurs)
  })

  it('of one path is forged at another', () => {
    const issue = signer.issue(false, now + 60_000)
    const token = signer.token(issue, callbackAt('/a'))
    assert.equal(signer.verify(token, callbackAt('/a'), now).kind, 'good')
    for (const use of [callbackAt('/b'), callbackAt('/a/'), 'callback', 'ticket'] as const) {
      assert.equal(signer.verify(token, use, now).kind, 'forged')
    }
  })

  it('cannot be assembled from two valid ones', () => {
    const [one, other] = [tokenOf(), tokenOf()]
    for (let cut = 1; cut < 56; cut++) {
      const mixed = one.slice(0, cut) + other.slice(cut)
      // The two tokens share their head.
      if (mixed !== one && mixed !== other) assert.equal(signer.verify(mixed, 'callback', now).kind, 'forged')
    }
  })

  it('has only one spelling', () => {
    const token = tokenOf()
    const others = [`${token}=`, `${token}\n`, ` ${token}`, `${token} `, token.slice(0, 55), `${token}A`, `${token}A==`]
    others.push(token.replaceAll('-', '+').replaceAll('_', '/'), encodeURIComponent(`${token}%`), '', `\0${token}`)
    for (const other of others) {
      if (other !== token) assert.equal(signer.verify(other, 'callback', now).kind, 'forged', JSON.stringify(other))
    }
  })

  it('is forged for any other input, without an exception', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...alphabet), minLength: 56, maxLength: 56 })),
        (text) => {
          assert.deepEqual(signer.verify(text, 'callback', now), { kind: 'forged' })
        },
      ),
    )
  })

  it('is valid until the second in which it expires, then expired, with its facts', () => {
    for (const [expiresAtMs, endsAtMs] of [
      [now + 5000, now + 5000],
      [now + 5001, now + 6000],
      [now + 5999.5, now + 6000],
    ] as const) {
      const token = tokenOf(signer, true, expiresAtMs)
      assert.equal(signer.verify(token, 'callback', endsAtMs - 1).kind, 'good')
      const late = signer.verify(token, 'callback', endsAtMs)
      assert.deepEqual(late, {
        kind: 'expired',
        id: token.slice(16, 36),
        durable: true,
        expiresAtMs: endsAtMs,
        run: signer.run,
        isOurs: true,
      })
    }
  })

  it('keeps expiry dates in the far future', () => {
    const far = Date.UTC(2100, 0, 1)
    const verdict = signer.verify(tokenOf(signer, false, far), 'callback', now)
    assert.ok(verdict.kind === 'good' && verdict.expiresAtMs === far)
  })

  it('has a unique id', () => {
    const ids = new Set(Array.from({ length: 20_000 }, () => signer.issue(false, now).id))
    assert.equal(ids.size, 20_000)
    for (const id of ids) assert.match(id, /^[\w-]{20}$/)
  })
})

describe('keys', () => {
  it('change: tokens of the old one are accepted while it is listed, new ones use the new one', () => {
    const ring = new KeyRing([oldKey])
    const changing = new Signer(ring.current)
    const before = tokenOf(changing)
    ring.learn([newKey, oldKey])
    const after = tokenOf(changing)
    for (const token of [before, after]) assert.equal(changing.verify(token, 'callback', now).kind, 'good')
    assert.equal(new Signer(() => [oldKey]).verify(after, 'callback', now).kind, 'forged')
    ring.learn([newKey])
    assert.equal(changing.verify(before, 'callback', now).kind, 'forged')
    assert.equal(changing.verify(after, 'callback', now).kind, 'good')
  })

  it('are distinguished within one second, in which heads are otherwise the same', () => {
    let keys: Keys = [oldKey]
    const changing = new Signer(() => keys)
    const tokens = [oldKey, newKey, oldKey].map((key) => {
      keys = [key]
      return [key, tokenOf(changing, false), tokenOf(changing, true)] as const
    })
    for (const [key, plain, durable] of tokens) {
      const by = new Signer(() => [key])
      assert.deepEqual(
        [plain, durable].map((token) => by.verify(token, 'callback', now)).map((v) => v.kind === 'good' && v.durable),
        [false, true],
      )
    }
  })

  it('with the same id but another secret make other tokens', () => {
    const stranger = new Signer(() => [{ id: newKey.id, secret: 'guessed' }])
    assert.equal(signer.verify(tokenOf(stranger), 'callback', now).kind, 'forged')
  })

  it('reveal nothing about their secret in their id', () => {
    assert.match(newKey.id, /^[0-9a-f]{6}$/)
    assert.notEqual(newKey.id, oldKey.id)
    assert.ok(!tokenOf().includes(newKey.secret))
  })
})
