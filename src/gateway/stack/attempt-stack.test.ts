import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { VirtualClock } from '../../../test/kit/virtual-clock.ts'
import { deliveryAnswer } from '../../broadcast/broadcast.ts'
import { broadcastOptions } from '../../broadcast/options.ts'
import { parseConfig } from '../../config/load.ts'
import { explainRoute } from './explain-route.ts'

/** The settings of the success check of a route; undefined if it has none. */
function successOf(route: string): string | undefined {
  const text = `{ upstreams: { work: { targets: ['http://127.0.0.1:1'] } }, routes: [${route}] }`
  const result = parseConfig(text, { file: 'x.yaml', env: {} })
  assert.ok(result.ok)
  const explained = explainRoute(result.config, 'GET', '/a', new VirtualClock())
  assert.ok(explained.ok)
  return /^ +success +(\S.*?) {2}/m.exec(explained.value)?.[1]
}

describe('the attempts of a route', () => {
  it('are not judged if a forward route passes on every answer', () => {
    assert.equal(successOf('{ match: /a, forward: { upstream: work } }'), undefined)
  })

  it('are judged by status if the answer is timed, as it is then made from a good answer', () => {
    const route = '{ match: /a, forward: { upstream: work }, answer: timed }'
    assert.equal(successOf(route), 'status 100-499, JSON, held up to 10MiB')
  })

  it('are judged only if their status is good where a forward route wants JSON', () => {
    const route = '{ match: /a, forward: { upstream: work, success: { json: true } } }'
    assert.equal(successOf(route), 'only status 100-499, JSON, held up to 10MiB')
  })

  it('are held where answers are merged, and streamed where the first good one wins', () => {
    assert.equal(successOf('{ match: /a, all: { upstream: work } }'), 'status 2xx, held up to 10MiB')
    assert.equal(successOf('{ match: /a, first: { upstream: work } }'), 'status 2xx')
  })
})

describe('the answer of a delivery', () => {
  it('acknowledges by its status, as resending the write would not repair its body', () => {
    const answer = deliveryAnswer(broadcastOptions.parse({ upstream: 'work', maxAnswer: '1KiB' }))
    assert.deepEqual(answer, { kind: 'held', statusSuffices: true, maxBytes: 1024 })
  })
})
