import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { limitIn } from '../../kit/descriptors.ts'
import { type ConfigInput, configSchema } from '../schema.ts'
import { descriptorWarning } from './descriptor-need.ts'

const warningOf = (config: ConfigInput, limit: number | undefined) =>
  descriptorWarning(configSchema.parse(config), limit)

describe('descriptorWarning', () => {
  it('names both numbers, the setting to raise and the alternative', () => {
    const text = warningOf({ listen: { maxConnections: 20_000 } }, 1024) ?? ''
    assert.match(text, /^listen\.maxConnections is 20000, for which 40040 file descriptors may be needed/)
    assert.match(text, /may open only 1024: raise the limit \(ulimit -n, .*\), or set listen\.maxConnections to 492 or/)
    assert.equal(warningOf({ listen: { maxConnections: 492 } }, 1024), undefined)
  })

  it('counts at most as many target connections as calls in flight', () => {
    const listen = { maxConnections: 800 }
    assert.notEqual(warningOf({ listen }, 1024), undefined)
    assert.equal(warningOf({ listen, concurrency: { limit: 100 } }, 1024), undefined)
    assert.equal(warningOf({ listen, concurrency: { limit: 'adaptive', max: 100 } }, 1024), undefined)
  })

  it('counts the descriptors that each worker itself needs', () => {
    const listen = { maxConnections: 492 }
    assert.notEqual(warningOf({ listen, workers: 2 }, 1024), undefined)
  })

  it('is silent if the system does not report its limit', () => {
    assert.equal(warningOf({}, undefined), undefined)
  })
})

describe('limitIn', () => {
  it('reads the soft limit, and returns undefined for unlimited', () => {
    assert.equal(limitIn('Max processes 1 2 x\nMax open files            1024                 4096   files\n'), 1024)
    assert.equal(limitIn('Max open files            unlimited            unlimited            files\n'), undefined)
  })
})
