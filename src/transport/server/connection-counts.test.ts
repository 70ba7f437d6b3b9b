import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { describe, it } from 'node:test'
import { ConnectionCounts } from './connection-counts.ts'

describe('ConnectionCounts', () => {
  it('counts connections that could not be accepted and reports the code', () => {
    const server = createServer()
    const codes: string[] = []
    const onAcceptFailed = (code: string): void => void codes.push(code)
    const counts = new ConnectionCounts(server, { onClosed: () => {}, ofAll: undefined, onAcceptFailed })
    server.emit('error', Object.assign(new Error('no more'), { syscall: 'accept', code: 'EMFILE' }))
    assert.deepEqual([counts.figures(0).failed, codes], [1, ['EMFILE']])
  })
})
