import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { BodySink, BodyStream } from '../../core/body.ts'
import { noHeaders } from '../../core/headers.ts'
import { SlotBody } from './slot-body.ts'

it('passes on the spent callback, so that the buffer can be reused', () => {
  let inner: BodySink | undefined
  const target: BodyStream = {
    pipe: (sink) => {
      inner = sink
    },
    resume: () => {},
    discard: () => {},
  }
  let ends = 0
  const body = new SlotBody(target, () => ends++)
  const told: (() => void)[] = []
  body.pipe({
    write: (_chunk, spent) => {
      if (spent !== undefined) told.push(spent)
      return true
    },
    end: () => {},
    fail: () => {},
  })
  const spent = (): void => {}
  inner?.write(new Uint8Array(1), spent)
  inner?.end(noHeaders)
  assert.deepEqual([told, ends], [[spent], 1])
})
