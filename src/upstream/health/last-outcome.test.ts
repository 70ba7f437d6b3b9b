import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Attempt } from '../../core/attempt.ts'
import { outcomeText, outcomeWord } from './last-outcome.ts'

const cases: readonly (readonly [Attempt['outcome'], number | undefined, string])[] = [
  ['server_error', 503, 'status 503'],
  ['timeout', undefined, 'timeout'],
  ['refused', undefined, 'refused'],
  ['invalid', 200, 'invalid'],
  ['success', 200, 'reset'],
]

for (const [outcome, status, text] of cases) {
  it(`reports a failure recorded as ${outcome} ${status ?? ''} as ${text}`, () => {
    assert.equal(outcomeText(outcomeWord({ outcome, status })), text)
  })
}

it('reports nothing when nothing is known', () => {
  assert.equal(outcomeText(0), undefined)
})
