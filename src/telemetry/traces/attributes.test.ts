import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { requestOf } from '../../../test/kit/calls.ts'
import { VirtualClock } from '../../../test/kit/virtual-clock.ts'
import { EventBus } from '../../kit/event-bus.ts'
import { LiveCall } from '../../kit/live-call.ts'
import { Redaction } from '../redact.ts'
import { callAttributes } from './attributes.ts'

const end = { status: 200, failure: undefined, bytesSent: 0 }

function attributesOf(path: string, query: string) {
  const route = { name: 'POST /cb', strategy: 'receive', idleTimeoutMs: 0 }
  const call = new LiveCall({ id: 'call-1', route, clock: new VirtualClock(), events: new EventBus() })
  return callAttributes(requestOf({ path, query }), call, end, new Redaction({ headers: [], query: ['token'] }))
}

describe('callAttributes', () => {
  it('tell no token of a callback, no ticket and no secret of a query', () => {
    const shown = attributesOf('/cb', 'callback=s3cret&token=s3cret&a=1')
    assert.deepEqual([shown['url.path'], shown['url.query']], ['/cb', 'callback=***&token=***&a=1'])
    assert.equal(attributesOf('/_hedgerow/tickets/s3cret', '')['url.path'], '/_hedgerow/tickets/***')
    assert.equal(attributesOf('/_hedgerow/deliveries/s3cret', '')['url.path'], '/_hedgerow/deliveries/***')
  })
})
