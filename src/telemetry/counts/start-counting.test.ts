import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { requestOf, targetOf } from '../../../test/kit/calls.ts'
import { VirtualClock } from '../../../test/kit/virtual-clock.ts'
import type { Target } from '../../core/attempt.ts'
import type { RouteFacts } from '../../core/call.ts'
import { EventBus } from '../../kit/event-bus.ts'
import { LiveCall } from '../../kit/live-call.ts'
import type { CountedParts } from './cells.ts'
import { Counts } from './counts.ts'
import { startCounting } from './start-counting.ts'

const clock = new VirtualClock()
const factsOf = (name: string, strategy = 'forward'): RouteFacts => ({ name, strategy, idleTimeoutMs: 0 })

function partsOf(routes: readonly RouteFacts[], targets: readonly Target[] = []): CountedParts {
  return { routes: routes.map(({ name, strategy }) => ({ name, strategy })), targets, live: true }
}

/** A counting thread and a reader. */
class Scene {
  readonly events = new EventBus()
  readonly counts: Counts
  readonly #writer
  readonly #counting

  constructor(parts: CountedParts) {
    this.counts = new Counts(parts)
    this.#writer = this.counts.open(ArrayBuffer)
    this.#counting = startCounting(this.events, { parts, block: this.#writer.block })
  }

  reload(parts: CountedParts): void {
    this.counts.prepare(parts).commit()
    this.#counting.change(parts, this.#writer.block)
    this.#writer.countsInto(this.#writer.block)
  }

  begin(route: RouteFacts): LiveCall {
    const call = new LiveCall({ id: 'id', route, clock, events: this.events })
    call.emit({ type: 'call.started', request: requestOf() })
    return call
  }

  end(call: LiveCall): void {
    call.emit({ type: 'call.ended', request: requestOf(), end: { status: 200, failure: undefined, bytesSent: 0 } })
  }

  /** Calls in flight and good calls of each route. */
  routes(): Readonly<Record<string, readonly [inFlight: number, good: number]>> {
    const { counts } = this
    const told = counts.cells.routes.map(
      ({ name, inFlight, calls }) => [name, [counts.read(inFlight), counts.read(calls)] as const] as const,
    )
    return Object.fromEntries(told)
  }

  targets(): readonly (readonly [inFlight: number, good: number])[] {
    const { counts } = this
    return counts.cells.targets.map(({ inFlight, attempts }) => [counts.read(inFlight), counts.read(attempts)])
  }
}

describe('counting across a change of the configuration', () => {
  it('ends a call at its route, whichever object the new configuration has for it', () => {
    const scene = new Scene(partsOf([factsOf('GET /a')]))
    const [first, second] = [scene.begin(factsOf('GET /a')), scene.begin(factsOf('GET /a'))]
    scene.end(first)
    scene.reload(partsOf([factsOf('GET /b'), factsOf('GET /a')]))
    assert.deepEqual(scene.routes()['GET /a'], [1, 1])
    scene.end(second)
    assert.deepEqual(scene.routes(), { 'GET /a': [0, 2], 'GET /b': [0, 0], none: [0, 0], page: [0, 0] })
  })

  it('drops calls of a removed route and does not count them as pages', () => {
    const scene = new Scene(partsOf([factsOf('GET /a')]))
    const call = scene.begin(factsOf('GET /a'))
    const page = scene.begin(factsOf('GET /metrics', 'metrics'))
    scene.reload(partsOf([factsOf('GET /b')]))
    scene.end(call)
    assert.deepEqual(scene.routes(), { 'GET /b': [0, 0], none: [0, 0], page: [1, 0] })
    scene.end(page)
    assert.deepEqual(scene.routes(), { 'GET /b': [0, 0], none: [0, 0], page: [0, 1] })
  })

  it('does not end a call at a route whose strategy has changed', () => {
    const scene = new Scene(partsOf([factsOf('GET /a')]))
    const call = scene.begin(factsOf('GET /a'))
    scene.reload(partsOf([factsOf('GET /a', 'hedge')]))
    scene.end(call)
    assert.deepEqual(scene.routes()['GET /a'], [0, 0])
  })

  it('does not end a call at a route that was removed and added again', () => {
    const scene = new Scene(partsOf([factsOf('GET /a')]))
    const call = scene.begin(factsOf('GET /a'))
    scene.reload(partsOf([factsOf('GET /b')]))
    scene.reload(partsOf([factsOf('GET /a')]))
    const other = scene.begin(factsOf('GET /a'))
    scene.end(call)
    assert.deepEqual(scene.routes()['GET /a'], [1, 0])
    scene.end(other)
    assert.deepEqual(scene.routes()['GET /a'], [0, 1])
  })

  it('ends an attempt at its target, whichever object it is, or nowhere if it is gone', () => {
    const [kept, renewed, gone] = [targetOf('kept'), targetOf('renewed'), targetOf('gone')]
    const route = factsOf('GET /a')
    const scene = new Scene(partsOf([route], [kept, renewed, gone]))
    const call = scene.begin(route)
    const attempts = [kept, renewed, gone].map((target) => call.beginAs('first', target))
    for (const attempt of attempts) call.emit({ type: 'attempt.started', attempt })
    scene.reload(partsOf([route], [targetOf('new'), { ...renewed }, kept]))
    for (const attempt of attempts) {
      attempt.outcome = 'success'
      call.emit({ type: 'attempt.ended', attempt })
    }
    assert.deepEqual(scene.targets(), [
      [0, 0],
      [0, 1],
      [0, 1],
    ])
  })

  it('resets a histogram, and nothing else, when its bounds change', () => {
    const scene = new Scene(partsOf([factsOf('GET /a')]))
    scene.end(scene.begin(factsOf('GET /a')))
    const buckets = () => scene.counts.read(scene.counts.cells.routes[0]?.duration.buckets ?? -1)
    assert.equal(buckets(), 1)
    scene.reload(partsOf([factsOf('GET /a')]))
    assert.equal(buckets(), 1)
    scene.reload({ ...partsOf([factsOf('GET /a')]), boundsMs: [1, 2] })
    assert.deepEqual([buckets(), scene.routes()['GET /a']], [0, [0, 1]])
  })

  it('does not subtract calls from in flight that began before it', async () => {
    const [route, target] = [factsOf('GET /a'), targetOf('a')]
    const parts = partsOf([route], [target])
    const [counts, events] = [new Counts(parts), new EventBus()]
    const call = new LiveCall({ id: 'id', route, clock, events })
    const [early, late] = [call.begin(target), { ...call.begin(target), startedMs: 5 }]
    await clock.advance(5)
    startCounting(events, { parts, block: counts.open(ArrayBuffer).block, sinceMs: clock.now() })
    call.emit({ type: 'attempt.started', attempt: late })
    for (const attempt of [early, late]) call.emit({ type: 'attempt.ended', attempt })
    call.emit({ type: 'call.ended', request: requestOf(), end: { status: 200, failure: undefined, bytesSent: 0 } })
    const [{ inFlight, calls } = assert.fail()] = counts.cells.routes
    const [{ inFlight: attempts } = assert.fail()] = counts.cells.targets
    assert.deepEqual(
      [inFlight, calls, attempts].map((cell) => counts.read(cell)),
      [0, 1, 0],
    )
  })

  it('refuses a block of another configuration', () => {
    const [one, two] = [partsOf([factsOf('GET /a')]), partsOf([factsOf('GET /a'), factsOf('GET /b')])]
    const { block } = new Counts(one).open(SharedArrayBuffer)
    assert.throws(() => startCounting(new EventBus(), { parts: two, block }), /other routes/)
  })

  it('counts routes with the same match as the first of them', () => {
    const scene = new Scene(partsOf([factsOf('GET /a'), factsOf('GET /b'), factsOf('GET /a', 'hedge')]))
    scene.end(scene.begin(factsOf('GET /a')))
    assert.deepEqual(Object.keys(scene.routes()), ['GET /a', 'GET /b', 'none', 'page'])
    assert.deepEqual(scene.routes()['GET /a'], [0, 1])
  })
})
